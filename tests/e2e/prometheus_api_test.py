"""What other programs ask of Prometheus beside queries: remote read, federation, trees of queries. A real Prometheus of version 3
(TARSIER_PROMETHEUS, or the installed one) is the other side, or is asked the same."""

import concurrent.futures
import contextlib
import http.client
import http.server
import json
import math
import os
import pathlib
import re
import struct
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse

from host import Host, get, wait_for
from otlp_test import otlp_request
from peer import PLUGINS, Peer, matrix, needs_prometheus, post, send, some_histograms, some_series
from random_queries import Grammar, random_series
from wire import fields, message, number, snappy, unsnappy


class Queries(unittest.TestCase):
    """What is told of queries beside their results, and whose turn it is."""

    def test_a_plan_is_explained_with_rows_and_times(self):
        now = int(time.time() * 1000)
        with Host(PLUGINS) as host:
            send(host.url, some_series(now))
            parameters = dict(query="sum by (job) (rate(steady_total[1m]))", start=now / 1000 - 60, end=now / 1000, step=15)
            data = host.api("explain_query", **parameters)
            plan = data["plan"]
            self.assertEqual((plan["expression"], plan["series"], plan["steps"]), (parameters["query"], 1, 5))
            rate, = plan["children"]
            self.assertEqual((rate["expression"], rate["children"]), ("rate(steady_total[1m])", []))
            select, = rate["selects"]
            self.assertEqual((select["matchers"], select["series"], select["source"]), ('{__name__="steady_total"}', 1, "raw samples"))
            self.assertGreaterEqual(plan["totalSeconds"], rate["totalSeconds"])
            self.assertEqual(data["samplesRead"], select["samples"])
            status, headers, text = get(f"{host.url}/api/v1/explain_query?query=steady_total&format=text")
            self.assertEqual(headers["content-type"], "text/plain; charset=utf-8")
            self.assertTrue(text.decode().startswith("steady_total\n  = the newest sample of the lookback before each step\n"), text)
            for query, refused in [("query=sum(", 400), ("query=x&format=xml", 400), ("query=x&start=1", 400)]:
                with self.assertRaises(urllib.error.HTTPError) as error:
                    get(f"{host.url}/api/v1/explain_query?{query}")
                self.assertEqual(error.exception.code, refused)

    @needs_prometheus
    def test_statistics_are_those_of_prometheus(self):
        now = int(time.time() * 1000)
        expressions = ["steady_total", "sum(rate(noise[1m]))", "noise[2m]", "steady_total @ end()", "max_over_time(noise[1m:10s])", "noise[1m:10s]",
                       "max_over_time(rate(noise[20s])[1m:10s])", "noise + on(job) noise", "1", "absent(nothing)", "h", "rate(h[1m])", "timestamp(noise)"]
        with Host(PLUGINS) as host, Peer("{}", "--enable-feature=native-histograms,promql-per-step-stats") as peer:
            for url in (host.url, peer.url):
                send(url, some_series(now) + some_histograms(now))
            for expression in expressions:
                for path, times in [("query", {"time": now / 1000}), ("query_range", {"start": now / 1000 - 120, "end": now / 1000, "step": 20})]:
                    if path == "query_range" and expression in ("noise[2m]", "noise[1m:10s]"):
                        continue
                    for kind in ("all", "true"):
                        ours, theirs = (json.loads(get(f"{url}/api/v1/{path}?" + urllib.parse.urlencode({"query": expression, "stats": kind, **times}))[2])["data"]["stats"]
                                        for url in (host.url, peer.url))
                        for part in ("timings", "samples"):
                            self.assertEqual(list(ours[part]), list(theirs[part]), (expression, path))
                        for counts in (ours["samples"], theirs["samples"]):
                            del counts["peakSamples"]  # of how each engine works
                        if expression not in ("h", "rate(h[1m])"):  # a histogram weighs what it is large, which is not the same
                            self.assertEqual(ours["samples"], theirs["samples"], (expression, path))

    def test_slow_queries_are_logged(self):
        with Host(PLUGINS + 'slow_query = "1ms"\n') as host:
            expression = "sum(sum_over_time(vector(1)[1h:100ms]))"
            parameters = urllib.parse.urlencode({"query": expression, "start": 1000, "end": 2000, "step": 1})
            get(f"{host.url}/api/v1/query_range?{parameters}")
            line = wait_for("the warning", lambda: next((line for line in host.log().splitlines() if "a query was slow" in line), None))
            for part in [expression, "127.0.0.1", "2000", "samples", "outcome"]:
                self.assertIn(part, line)

    def test_too_many_queries_are_refused_and_clients_take_turns(self):
        with Host(PLUGINS + "max_concurrency = 1\nmax_queued = 4\nqueue_timeout = \"30s\"\n") as host:
            slow = urllib.parse.urlencode({"query": "sum(sum_over_time(vector(1)[1h:50ms]))", "start": 1000, "end": 3000, "step": 1})

            def ask(address="127.0.0.1", query="query_range?" + slow):
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", host.prometheus_port, timeout=60, source_address=(address, 0))) as connection:
                    connection.request("GET", f"/api/v1/{query}")
                    answer = connection.getresponse()
                    return answer.status, json.loads(answer.read()), time.monotonic()

            with concurrent.futures.ThreadPoolExecutor(40) as pool:
                flood = [pool.submit(ask) for _ in range(12)]
                wait_for("a refusal", lambda: any(one.done() and one.result()[0] == 503 for one in flood))
                other = pool.submit(ask, "127.0.0.2", "query?query=1%2B1")
                answers = [one.result() for one in flood]
                status, body, at = other.result()
            refused = [body for code, body, _ in answers if code == 503]
            served = [when for code, _, when in answers if code == 200]
            self.assertEqual({body["errorType"] for body in refused}, {"unavailable"})
            self.assertIn("too many queries", refused[0]["error"])
            self.assertGreaterEqual(len(served), 5)
            if status == 200:  # it may have come while the queue was full
                self.assertLess(at, max(served), "it does not wait behind all of the flood")
            else:
                self.assertEqual(body["errorType"], "unavailable")

    def test_who_waits_too_long_is_told(self):
        with Host(PLUGINS + "max_concurrency = 1\nqueue_timeout = \"50ms\"\n") as host:
            slow = urllib.parse.urlencode({"query": "sum(sum_over_time(vector(1)[1h:50ms]))", "start": 1000, "end": 3000, "step": 1})

            def ask():
                try:
                    return get(f"{host.url}/api/v1/query_range?{slow}", timeout=60)[0], None
                except urllib.error.HTTPError as refused:
                    return refused.code, json.loads(refused.read())

            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                answers = [one.result() for one in [pool.submit(ask) for _ in range(3)]]
            self.assertIn(200, [code for code, _ in answers])
            for code, body in answers:
                if code != 200:
                    self.assertEqual((code, body["errorType"], body["error"]), (503, "timeout", "query timed out in query queue"))

    def test_features_and_limits_of_metadata(self):
        now_ns = time.time_ns()
        with Host(PLUGINS) as host:
            features = host.api("features")
            self.assertTrue(features["promql_functions"]["rate"] and features["promql_operators"]["group"] and features["api"]["query_stats"])
            self.assertFalse(features["api"]["admin"])
            post(host.url + "/api/v1/otlp/v1/metrics", otlp_request(now_ns), content_type="application/x-protobuf")
            whole = host.api("metadata")
            self.assertEqual(host.api("metadata", limit_per_metric=1).keys(), whole.keys())
            self.assertEqual(host.api("metadata", limit_per_metric=0), whole)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                host.api("metadata", limit_per_metric="x")
            self.assertIn("limit_per_metric must be a number", refused.exception.read().decode())


class ScrapedMetadata(unittest.TestCase):
    PAGE = b'''# HELP a_total Counts \\\\ and more.
# TYPE a_total counter
a_total 1
# HELP b Of no type.
# TYPE b untyped
b{x="1"} 1
# HELP c Only help.
c 1
# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
# TYPE s summary
s{quantile="0.5"} 1
s_sum 3
s_count 2
# TYPE size_count gauge
size_count 1
without 1
'''

    @contextlib.contextmanager
    def scraped(self, *pages):
        """Both, with a target for each page; a page may be replaced in what is given back. Every 200 ms, so that ten scrapes are soon over."""
        pages = list(pages)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = pages[int(self.path[1:])]
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("content-length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, contextlib.ExitStack() as stack:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            address = f"127.0.0.1:{server.server_port}"
            host = stack.enter_context(Host("[plugin.samples]\n[plugin.promql]\n[plugin.scrape]\nscrape_interval = '200ms'\nscrape_timeout = '200ms'\n" + "".join(
                f"[[plugin.scrape.job]]\njob_name = 'page{i}'\nmetrics_path = '/{i}'\nstatic_configs = [{{ targets = ['{address}'] }}]\n" for i in range(len(pages)))))
            jobs = [{"job_name": f"page{i}", "metrics_path": f"/{i}", "static_configs": [{"targets": [address]}]} for i in range(len(pages))]
            peer = stack.enter_context(Peer(json.dumps({"global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"}, "scrape_configs": jobs})))
            yield host, peer, pages

    @staticmethod
    def told(of):
        return {metric: sorted((one["type"], one["help"], one["unit"]) for one in entries) for metric, entries in of.api("metadata").items()}

    @needs_prometheus
    def test_of_families_without_series_and_of_targets_that_do_not_agree(self):
        first = b"# TYPE only_type gauge\n# HELP only_help Helps.\n# HELP shared Of the first.\n# TYPE shared counter\nshared 1\nwithout 1\n# TYPE goes gauge\ngoes 1\n# HELP silent Goes, too.\n"
        second = b"# HELP shared Of the second.\n# TYPE shared counter\nshared 1\n"
        with self.scraped(first, second) as (host, peer, pages):
            wanted = {"only_type": [("gauge", "", "")], "only_help": [("unknown", "Helps.", "")], "goes": [("gauge", "", "")],
                      "silent": [("unknown", "Goes, too.", "")],
                      "shared": [("counter", "Of the first.", ""), ("counter", "Of the second.", "")]}
            for of in (peer, host):
                wait_for(f"both pages: {self.told(of)}", lambda of=of: self.told(of) == wanted)
                self.assertEqual(list(of.api("metadata", metric="only_help")), ["only_help"])
                self.assertEqual(of.api("metadata", metric="without"), {})
                self.assertEqual(len(of.api("metadata", limit_per_metric=1)["shared"]), 1)
                self.assertEqual(len(of.api("metadata", limit=2)), 2)
            pages[0] = pages[0].partition(b"# TYPE goes")[0]
            wait_for("the peer to forget", lambda: "silent" not in self.told(peer) and "goes" not in self.told(peer))
            wait_for("the host to forget", lambda: "silent" not in self.told(host))
            self.assertEqual(self.told(host), self.told(peer) | {"goes": wanted["goes"]}, "what has samples in the store stays described")

    @needs_prometheus
    def test_types_and_help_of_a_page_are_those_of_prometheus(self):
        with self.scraped(self.PAGE) as (host, peer, _):
            for path in ("metadata", "targets/metadata"):
                told = []
                for url in (host.url, peer.url):
                    data = wait_for(path, lambda: json.loads(get(f"{url}/api/v1/{path}")[2])["data"])
                    told.append(data if path == "metadata" else sorted(data, key=lambda one: one["metric"]))
                self.assertEqual(*told, path)


class RemoteRead(unittest.TestCase):
    @needs_prometheus
    def test_prometheus_reads_our_samples_as_chunks(self):
        now = int(time.time() * 1000)
        with Host(PLUGINS) as host:
            send(host.url, some_series(now) + some_histograms(now))
            with Peer(f"remote_read: [{{ url: {host.url}/api/v1/read, read_recent: true }}]") as peer:
                for expression in ["steady_total[10m]", "noise[10m]", "rare[10m]", "{job=~'a|b',z!='1',__name__=~'noise|rare'}[10m]"]:
                    ours, theirs = (matrix(url, expression, now / 1000) for url in (host.url, peer.url))
                    self.assertTrue(ours, expression)
                    self.assertEqual(ours, theirs, expression)
                found = matrix(peer.url, "h[10m]", now / 1000)
                self.assertEqual(len(found), 1)
                self.assertEqual(len(found[0][2]), 250)
                for i, (at, one) in enumerate(found[0][2]):
                    self.assertEqual(round(at * 1000), now - 250_000 + i * 1000)
                    self.assertEqual(one["count"], str(4 * (i % 100) + 6))
                    self.assertEqual([bucket[3] for bucket in one["buckets"]], [str(n) for n in (i % 100 + 1, 2 * (i % 100) + 3, i % 100 + 2)])

    def test_samples_come_whole_and_sorted(self):
        now = int(time.time() * 1000)
        with Host(PLUGINS) as host:
            send(host.url, some_series(now))
            query = message(1, number(1, now - 3_600_000), number(2, now), message(3, number(1, 2), message(2, "__name__"), message(3, "noise|rare")))
            status, headers, body = post(host.url + "/api/v1/read", snappy(query), content_type="application/x-protobuf", content_encoding="snappy")
            self.assertEqual((status, headers["Content-Type"], headers["Content-Encoding"]), (200, "application/x-protobuf", "snappy"))
            (_, result), = fields(unsnappy(body))
            found = []
            for _, series in fields(result):
                parts = fields(series)
                pairs = dict(tuple(text.decode() for _, text in fields(label)) for field, label in parts if field == 1)
                rows = [dict(fields(sample)) for field, sample in parts if field == 2]
                found.append((pairs, [(row[2], struct.unpack("<d", row[1])[0]) for row in rows]))
            wanted = [entry for entry in some_series(now) if entry[0]["__name__"] != "steady_total"]
            self.assertEqual(str(found), str(sorted(wanted, key=lambda entry: sorted(entry[0].items()))))

    def test_what_cannot_be_read_is_refused(self):
        with Host(PLUGINS) as host:
            for body, text in [(b"", "not a snappy block"), (b"no snappy", "damaged snappy block"), (snappy(b"\x0a\xff"), "malformed"), (snappy(number(2, 7)), "response types")]:
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    post(host.url + "/api/v1/read", body)
                self.assertEqual(refused.exception.code, 400)
                self.assertIn(text, refused.exception.read().decode())


class RecordingRules(unittest.TestCase):
    def test_native_histograms_are_recorded_as_such(self):
        now = int(time.time() * 1000)
        with tempfile.TemporaryDirectory() as folder:
            rules = pathlib.Path(folder) / "rules.yml"
            rules.write_text("groups: [{name: g, interval: 1s, rules: [{record: 'job:h:sum', expr: 'sum by (job) (h)'}]}]")
            with Host(PLUGINS + f'[plugin.rules]\nrule_files = ["{rules}"]\n') as host:
                send(host.url, some_histograms(now))
                found = wait_for("the recorded histogram", lambda: host.api("query", query="job:h:sum")["result"])
                written, = host.api("query", query="h")["result"]
                self.assertEqual(found[0]["metric"], {"__name__": "job:h:sum", "job": "a"})
                self.assertEqual(found[0]["histogram"][1], written["histogram"][1])


class Federation(unittest.TestCase):
    @needs_prometheus
    def test_pages_are_prometheus_own(self):
        now = int(time.time() * 1000)
        stale = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
        series = some_series(now) + [
            ({"__name__": "ended", "job": "a"}, [(now - 2000, 1.0), (now - 1000, stale)]),
            ({"__name__": "ünicode.name", "instance": "i", "a.b": "quo\"te\n"}, [(now, 12345678.5)]),
        ]
        queries = ["match[]=noise", "match[]={__name__=~'.%2B'}", "match[]=rare&match[]={job=\"a\"}", "match[]=nothing", ""]
        with Host(PLUGINS) as host, Peer() as peer:
            for url in (host.url, peer.url):
                send(url, series)
            for query in queries:
                for accept in ["", "text/plain;version=0.0.4;escaping=allow-utf-8"]:
                    ours, theirs = (get(f"{url}/federate?{urllib.parse.quote(query, safe='=&[]%')}", headers={"accept": accept}) for url in (host.url, peer.url))
                    self.assertEqual(ours[2].decode(), theirs[2].decode(), query)
                    self.assertEqual(*({name.lower(): text for name, text in answer[1].items()}["content-type"] for answer in (ours, theirs)), (query, accept))
            protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            for url in (host.url, peer.url):
                send(url, some_histograms(now))
            for query in queries[:4] + ["match[]=h"]:
                for accept in [protobuf, protobuf + ";escaping=allow-utf-8;q=0.6,text/plain;q=0.5", protobuf + ";q=0.1,text/plain;version=0.0.4;q=0.2"]:
                    ours, theirs = (get(f"{url}/federate?{urllib.parse.quote(query, safe='=&[]%')}", headers={"accept": accept}) for url in (host.url, peer.url))
                    self.assertEqual(ours[2], theirs[2], (query, accept))
                    self.assertEqual(*({name.lower(): text for name, text in answer[1].items()}["content-type"] for answer in (ours, theirs)), (query, accept))
            for url in (host.url, peer.url):
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    get(f"{url}/federate?match[]=%7B")
                self.assertEqual(refused.exception.code, 400)


QUERIES = [
    "up", 'sum by (a,b) (rate(x_total{job=~"a|b",c!="d"}[5m] offset -1m)) / on (a) group_left (z) y', "-x @ end()", "quantile(0.9, x)",
    "max_over_time((a+b)[1h:] @ 10)", "(1+2)*3^2", 'label_replace(x,"a","b","c","d")', 'count_values("v", x)', "x and ignoring(a) y", "time()",
    "x > bool 1", "topk(3, x)", 'histogram_quantile(.9, {"ü.x", a="b"})', "sum without() (x)", '"text"', "x == on() group_right y",
    "absent_over_time(x[5m] @ start())", "1e300", "-1e23", "0x1F", "5m", "-1^2", "+x", "x unless y", "sort_desc(x)", "round(x)", "{a!='b',__name__='x'}",
    "absent(x[5m])", "foo{", "x[1m] + 1", "holt_winters(x[5m], 1, 1)", "atan2(1)",
]


def without_news(tree):
    """Without what versions after 3.5 tell besides."""
    news = ("fillValues", "rangeExpr", "offsetExpr", "stepExpr", "anchored", "smoothed")
    if isinstance(tree, dict):
        return {key: without_news(value) for key, value in tree.items() if key not in news}
    return [without_news(one) for one in tree] if isinstance(tree, list) else tree


class QueryTrees(unittest.TestCase):
    @needs_prometheus
    def test_queries_are_read_and_printed_as_by_prometheus(self):
        with Host(PLUGINS) as host, Peer() as peer:
            for query in QUERIES:
                for path in ("parse_query", "format_query"):
                    ours, theirs = (ask(url, path, query=query) for url in (host.url, peer.url))
                    self.assertEqual((ours[0], without_news(ours[1])), theirs, (path, query))


def ask(url, path, **parameters):
    """(status, answer) of the API."""
    body = urllib.parse.urlencode(parameters).encode()
    try:
        _, _, answer = post(f"{url}/api/v1/{path}", body, content_type="application/x-www-form-urlencoded")
        return 200, json.loads(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def close(a, b):
    """Two numbers as texts: sums in another order differ in their last digits."""
    if a == b:
        return True
    a, b = float(a), float(b)
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-7 * max(abs(a), abs(b)) + 1e-12


def difference(ours, theirs):
    """What differs in two answers; "" for the same values within rounding."""
    if ours[0] != theirs[0]:
        return f"status {ours[0]}, not {theirs[0]}: {(ours[1], theirs[1])[ours[0] == 200].get('error')}"
    if ours[0] != 200:
        return ""
    ours, theirs = ours[1]["data"], theirs[1]["data"]
    if ours["resultType"] != theirs["resultType"]:
        return f"a {ours['resultType']}, not a {theirs['resultType']}"
    if ours["resultType"] == "scalar":
        return "" if close(ours["result"][1], theirs["result"][1]) else f"{ours['result']}, not {theirs['result']}"
    found, wanted = ({json.dumps(entry["metric"], sort_keys=True): entry.get("values") or [entry["value"]] for entry in data["result"]} for data in (ours, theirs))
    if found.keys() != wanted.keys():
        return f"series only here: {sorted(found.keys() - wanted.keys())[:2]}, only there: {sorted(wanted.keys() - found.keys())[:2]}"
    for labels, values in wanted.items():
        if [at for at, _ in values] != [at for at, _ in found[labels]]:
            return f"{labels}: values at other times"
        for (at, here), (_, there) in zip(found[labels], values):
            if not close(here, there):
                return f"{labels} at {at}: {here}, not {there}"
    return ""


def explained(query, ours):
    """Why an answer may differ from that of Prometheus 3.5; None when nothing explains it."""
    refused = ours[1].get("error", "")
    if "many-to-one matching must be explicit" in refused and re.search(r"[<>=!]=|[<>]", query):
        return "later versions refuse several matches also where the comparison does not hold"
    if re.search(r"timestamp\([^()]* @ (start|end)\(\) offset", query):
        return "timestamp() of a selector with @ takes no notice of its offset there"
    if re.search(r"std(dev|var)", query) and re.search(r"ceil|floor|round|sgn|changes|resets|rate|increase|%|[=!]=", query):
        return "the last digit of a deviation decides a step"
    return None


class RandomQueries(unittest.TestCase):
    """TARSIER_RANDOM_QUERIES is how many, TARSIER_RANDOM_SEED where they begin."""

    @needs_prometheus
    def test_random_queries_have_the_answers_of_prometheus(self):
        count, seed = int(os.environ.get("TARSIER_RANDOM_QUERIES", 1000)), int(os.environ.get("TARSIER_RANDOM_SEED", 1))
        now = int(time.time()) * 1000
        series = random_series(seed, now - 1_200_000, 80, 15_000)
        with Host(PLUGINS) as host, Peer() as peer:
            for url in (host.url, peer.url):
                send(url, series)
            differences = []
            for i in range(seed, seed + count):
                query = Grammar(i).query()
                if i % 3 == 0:
                    path, parameters = "query", {"query": query, "time": now / 1000 - 300}
                else:
                    path, parameters = "query_range", {"query": query, "start": now / 1000 - 1000, "end": now / 1000, "step": 37}
                ours = ask(host.url, path, **parameters)
                found = difference(ours, ask(peer.url, path, **parameters))
                if found and not explained(query, ours):
                    differences.append(f"{i} {path} {query}\n    {found}")
            self.assertEqual(differences, [], "\n" + "\n".join(differences[:20]))


if __name__ == "__main__":
    unittest.main()
