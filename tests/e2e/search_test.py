"""The search for names that are like what somebody types (/api/v1/search/*). Prometheus answers it in versions that are not packaged yet, so
its documents say what is expected."""

import json
import time
import unittest
import urllib.error
import urllib.parse

from host import Host, get
from otlp_test import otlp_request
from peer import PLUGINS, post, send


def search(url, what, *parameters):
    """The lines of the answer."""
    status, headers, body = get(f"{url}/api/v1/search/{what}?{urllib.parse.urlencode(parameters)}")
    assert (status, headers["content-type"]) == (200, "application/x-ndjson; charset=utf-8"), headers
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body.decode().splitlines()]


def names(lines, key="name"):
    return [one[key] for line in lines[:-1] for one in line["results"]]


class Search(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(PLUGINS).__enter__()
        cls.addClassCleanup(cls.host.close)
        now = int(time.time() * 1000)
        metrics = ["go_gc_duration_seconds", "go_gc_heap_goal_bytes", "go_goroutines", "process_cpu_seconds_total", "up", "Ünder.way"]
        send(cls.host.url, [({"__name__": name, "job": job}, [(now - 1000, 1.0)]) for name in metrics for job in ("node", "prometheus")])
        cls.now = now

    def search(self, what, *parameters):
        return search(self.host.url, what, *parameters)

    def test_all_names_come_in_batches_and_the_trailer_says_whether_there_are_more(self):
        lines = self.search("metric_names", ("batch_size", 4))
        self.assertEqual([len(line["results"]) for line in lines[:-1]], [4, 2])
        self.assertEqual(names(lines), sorted(names(lines)))
        self.assertEqual(lines[-1], {"status": "success", "has_more": False})
        lines = self.search("metric_names", ("limit", 2), ("sort_by", "alpha"), ("sort_dir", "dsc"))
        self.assertEqual((names(lines), lines[-1]["has_more"]), (["Ünder.way", "up"], True))
        lines = self.search("metric_names", ("search[]", "nothing"))
        self.assertEqual(lines, [{"results": []}, {"status": "success", "has_more": False}])

    def test_what_fits_better_comes_first(self):
        lines = self.search("metric_names", ("search[]", "gogc"), ("sort_by", "score"), ("include_score", "true"))
        self.assertEqual(names(lines), ["go_gc_heap_goal_bytes", "go_gc_duration_seconds"])
        scores = [one["score"] for one in lines[0]["results"]]
        self.assertTrue(1 > scores[0] > scores[1] > 0, scores)
        lines = self.search("metric_names", ("search[]", "go_goroutins"), ("search[]", "up"), ("fuzz_alg", "jarowinkler"), ("fuzz_threshold", 90))
        self.assertEqual(names(lines), ["go_goroutines", "up"])
        self.assertEqual(names(self.search("metric_names", ("search[]", "üNDER"), ("case_sensitive", "false"))), ["Ünder.way"])

    def test_labels_and_their_values_are_searched_too(self):
        self.assertEqual(names(self.search("label_names", ("search[]", "jb"))), ["job"])
        self.assertEqual(names(self.search("label_values", ("label", "job"), ("match[]", "up"), ("match[]", "go_goroutines"), ("search[]", "no")), "value"), ["node"])
        self.assertEqual(names(self.search("label_values", ("label", "job"), ("end", 1000), ("start", 1000)), "value"), [])
        status, _, body = post(f"{self.host.url}/api/v1/search/label_names", b"search[]=__n", content_type="application/x-www-form-urlencoded")
        self.assertEqual(names([json.loads(line) for line in body.splitlines()]), ["__name__"])

    def test_metadata_stands_beside_the_names(self):
        with Host(PLUGINS) as host:
            post(host.url + "/api/v1/otlp/v1/metrics", otlp_request(time.time_ns()), content_type="application/x-protobuf")
            known = host.api("metadata")
            for one in search(host.url, "metric_names", ("include_metadata", "true"))[0]["results"]:
                wanted = {key: text for key, text in known.get(one["name"], [{}])[0].items() if text}
                self.assertEqual(one, {"name": one["name"], **wanted})
            self.assertTrue(known)

    def test_what_cannot_be_asked_is_refused(self):
        for what, query, text in [
                ("metric_names", "start=x", "invalid time value for 'start': cannot parse \"x\" to a valid timestamp"),
                ("metric_names", "start=2&end=1", "end timestamp must not be before start timestamp"),
                ("metric_names", "&".join(["search[]=a"] * 33), "too many search[] terms: got 33, maximum is 32"),
                ("metric_names", "search[]=" + "a" * 257, "search[] term of 257 bytes is too long, maximum is 256"),
                ("metric_names", "fuzz_threshold=101", 'invalid fuzz_threshold "101": must be 0-100'),
                ("metric_names", "fuzz_alg=x", 'unsupported fuzz_alg "x": must be one of [subsequence jarowinkler]'),
                ("metric_names", "case_sensitive=x", 'invalid case_sensitive "x": must be boolean'),
                ("metric_names", "include_score=2", 'invalid include_score "2": must be boolean'),
                ("metric_names", "include_metadata=2", 'invalid include_metadata "2": must be boolean'),
                ("metric_names", "sort_dir=asc", "sort_dir is only valid when sort_by is set"),
                ("metric_names", "sort_by=score&sort_dir=asc", "sort_dir is not supported for sort_by=score"),
                ("metric_names", "sort_by=alpha&sort_dir=up", 'invalid sort_dir "up": must be "asc" or "dsc"'),
                ("metric_names", "sort_by=score", "sort_by=score requires search[] to be set"),
                ("label_names", "sort_by=size", 'invalid sort_by "size" for label_names: must be "alpha" or "score"'),
                ("metric_names", "limit=0", 'invalid limit "0": must be a positive integer'),
                ("metric_names", "limit=10001", "limit 10001 exceeds the maximum (10000)"),
                ("metric_names", "batch_size=-1", 'invalid batch_size "-1": must be a positive integer'),
                ("label_values", "", 'missing required parameter "label"')]:
            with self.assertRaises(urllib.error.HTTPError) as refused:
                get(f"{self.host.url}/api/v1/search/{what}?{query}")
            answer = json.loads(refused.exception.read())
            self.assertEqual((refused.exception.code, answer["errorType"], answer["error"]), (400, "bad_data", text), query)
