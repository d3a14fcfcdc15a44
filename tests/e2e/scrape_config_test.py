"""What a job may say of its scrapes, in ours and beside it in a Prometheus: failures in a file, more about each scrape, names, histograms."""

import contextlib
import json
import pathlib
import tempfile
import unittest

from host import Host, wait_for
from peer import Peer, needs_prometheus
from relabel_test import ours, theirs
from scrape_formats_test import page_of

TEXT = "text/plain; version=1.0.0; charset=utf-8"
HISTOGRAMS = b"""# TYPE h histogram
h_bucket{z="1",a="2",le="0.5"} 1
h_bucket{z="1",a="2",le="1"} 1
h_bucket{z="1",a="2",le="2"} 3
h_bucket{z="1",a="2",le="+Inf"} 4
h_sum{z="1",a="2"} 7.5
h_count{z="1",a="2"} 4
h_bucket{le="0.5"} 0.5
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
# TYPE no_count histogram
no_count_bucket{le="1"} 3
no_count_sum 1
# TYPE broken histogram
broken_bucket{le="1"} 3
broken_bucket{le="2"} 2
broken_count 3
# TYPE only_sum histogram
only_sum_sum 3
# TYPE h_count gauge
h_count{of="another"} 3
# TYPE s summary
s_sum 4
s_count 5
"""


def both(jobs, check, look, features="exemplar-storage", here=None):
    """The jobs here, with the keys `here` more, and there, until check(api) holds for both; then look(api) of both."""
    for job in jobs:
        job.setdefault("scrape_interval", "1s")
        job.setdefault("scrape_timeout", "1s")
    with Host(ours([{**job, **(here or {})} for job in jobs])) as host, Peer(theirs(jobs), features=features) as peer:
        for api in (host.api, peer.api):
            wait_for("the scrapes", lambda: check(api))
        return look(host.api), look(peer.api)


def health(api):
    return {target["scrapePool"]: target["health"] for target in api("targets")["activeTargets"]}


def errors(api):
    return {target["scrapePool"]: target["lastError"] for target in api("targets")["activeTargets"]}


def instant(api, expression):
    """{labels: value or histogram}, without the instance, of which each has its own port."""
    found = {}
    for entry in api("query", query=expression)["result"]:
        labels = tuple(sorted((name, value) for name, value in entry["metric"].items() if name != "instance"))
        found[labels] = entry["value"][1] if "value" in entry else entry["histogram"][1]
    return found


class BesidePrometheus(unittest.TestCase):
    @needs_prometheus
    def test_failures_are_noted_alike(self):
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tarsier-e2e-")))
            target = stack.enter_context(page_of(TEXT, b"x 1\n" + b"#" * 5000 + b"\n"))
            lines = {}
            for whose, program in (("ours", lambda jobs: Host(ours(jobs))), ("theirs", lambda jobs: Peer(theirs(jobs)))):
                log = folder / whose
                jobs = [{"job_name": "big", "scrape_interval": "1s", "scrape_timeout": "1s", "body_size_limit": "1KB", "metrics_path": "/a",
                         "scrape_failure_log_file": str(log), "static_configs": [{"targets": [target]}]}]
                with program(jobs):
                    wait_for("two lines", lambda: log.exists() and len(log.read_text().splitlines()) >= 2)
                    log.rename(folder / (whose + ".1"))
                    if whose == "ours":
                        wait_for("a new file", lambda: log.exists() and log.read_text())
                lines[whose] = json.loads((folder / (whose + ".1")).read_text().splitlines()[0])
            self.assertEqual(set(lines["theirs"]) - set(lines["ours"]), {"source"})
            for key in ("level", "job_name", "target"):
                self.assertEqual(lines["ours"][key], lines["theirs"][key])
            self.assertRegex(lines["ours"]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    @needs_prometheus
    def test_more_is_told_of_each_scrape(self):
        with page_of(TEXT, b"x 1\ny 2\n" + b"#" * 5000 + b"\n") as target, page_of("text/html", b"x 1\n") as html:
            job = lambda name, target, **more: {"job_name": name, "static_configs": [{"targets": [target]}], **more}
            jobs = [job("good", target, sample_limit=7), job("big", target, body_size_limit="1KB"), job("html", html), job("gone", "127.0.0.1:1"), job("many", target, sample_limit=1)]
            # 3.5 has a flag for it, later ones a key.
            with_key = [{**one, "extra_scrape_metrics": True} for one in jobs]
            names = '{__name__=~"scrape_timeout_seconds|scrape_sample_limit|scrape_body_size_bytes"}'
            with Host(ours([{**one, "scrape_interval": "1s", "scrape_timeout": "1s"} for one in with_key])) as host, Peer(
                    theirs([{**one, "scrape_interval": "1s", "scrape_timeout": "1s"} for one in jobs]), features="extra-scrape-metrics") as peer:
                for api in (host.api, peer.api):
                    wait_for("all scrapes", lambda: len(instant(api, "scrape_body_size_bytes")) == len(jobs))
                self.assertEqual(instant(host.api, names), instant(peer.api, names))

    @needs_prometheus
    def test_names_are_checked_and_asked_for_alike(self):
        with page_of(TEXT, b'{"a.b",c="1"} 1\n') as metric, page_of(TEXT, b'a{"c.d"="1"} 1\n') as label, page_of(TEXT, b'a:b{c="1"} 1\n') as plain:
            job = lambda name, target, **more: {"job_name": name, "static_configs": [{"targets": [target], "labels": {"instance": "i"}}], **more}
            legacy = {"metric_name_validation_scheme": "legacy", "metric_name_escaping_scheme": "underscores"}
            jobs = [job("metric", metric, **legacy), job("label", label, **legacy), job("plain", plain, **legacy), job("utf8", metric),
                    job("renamed", metric, metric_relabel_configs=[{"target_label": "__name__", "replacement": "fine"}], **legacy)]
            mine, others = both(jobs, lambda api: "unknown" not in health(api).values() and len(health(api)) == len(jobs), lambda api: (health(api), errors(api)))
            self.assertEqual(mine, others)
            self.assertEqual(mine[0], {"metric": "down", "label": "down", "plain": "up", "utf8": "up", "renamed": "up"})

    @needs_prometheus
    def test_classic_histograms_become_the_same_native_ones(self):
        open_metrics = HISTOGRAMS.replace(b"# TYPE h_count gauge\nh_count{of=\"another\"} 3\n", b"").replace(b'le="1"', b'le="1.0"').replace(b'le="2"', b'le="2.0"') + b"# EOF\n"
        with page_of(TEXT, HISTOGRAMS) as text, page_of("application/openmetrics-text; version=1.0.0; charset=utf-8", open_metrics) as om, Peer() as real:
            convert = {"convert_classic_histograms_to_nhcb": True}
            job = lambda name, target, **more: {"job_name": name, "static_configs": [{"targets": [target]}], **convert, **more}
            classic = {"always_scrape_classic_histograms": True}
            plain = {"scrape_protocols": ["PrometheusText0.0.4"]}
            jobs = [job("text", text), job("text_both", text, **classic), job("om", om), job("om_both", om, **classic), job("real", real.url[7:], **plain),
                    job("real_protobuf", real.url[7:], scrape_protocols=["PrometheusProto"]),
                    job("real_protobuf_both", real.url[7:], scrape_protocols=["PrometheusProto"], **classic)]
            ready = lambda api: list(health(api).values()) == ["up"] * len(jobs) and len(instant(api, '{__name__="h"}')) == 8
            look = lambda api: (instant(api, '{__name__=~"h|h_.*|no_count.*|broken.*|only_sum.*|s_.*",job=~"text.*|om.*"}'),
                                set(instant(api, '{job=~"real.*",__name__!~"scrape_.*|up"}')))
            (mine, mine_real), (others, others_real) = both(jobs, ready, look, "native-histograms", {"scrape_native_histograms": True})
            self.assertEqual(mine, others)
            # What of a histogram without buckets is stored differs in 3.5, see scrape_formats_test; and what a program shows changes as it runs.
            different = {labels for labels in mine_real ^ others_real if not dict(labels)["__name__"].startswith("prometheus_tsdb_tombstone_cleanup_seconds")}
            self.assertLess(len(different), 12, different)


if __name__ == "__main__":
    unittest.main()
