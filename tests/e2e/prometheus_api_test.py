"""What other programs ask of Prometheus beside queries: remote read, federation, metrics by OTLP. A real Prometheus of version 3
(TARSIER_PROMETHEUS, or the installed one) is the other side, or is asked the same."""

import concurrent.futures
import contextlib
import http.client
import json
import math
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from host import Host, free_port, get, wait_for
from random_queries import Grammar, random_series
from wire import double, fixed, fields, message, number, snappy, unsnappy, zigzag

PLUGINS = """
[plugin.remote-write-receiver]
[plugin.otlp-receiver]
[plugin.samples]
[plugin.promql]
"""


def prometheus_program():
    return os.environ.get("TARSIER_PROMETHEUS") or shutil.which("prometheus")


def prometheus_is_3():
    program = prometheus_program()
    if not program:
        return False
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return re.search(r"version 3\.", version.stdout + version.stderr) is not None


needs_prometheus = unittest.skipUnless(prometheus_is_3(), "needs Prometheus 3: TARSIER_PROMETHEUS=its program")


class Peer:
    """A Prometheus that takes what it is sent."""

    def __init__(self, config="{}", *arguments):
        self.arguments = arguments
        self.url = f"http://127.0.0.1:{free_port()}"
        self._directory = tempfile.TemporaryDirectory(prefix="tarsier-peer-")
        self.folder = pathlib.Path(self._directory.name)
        self.folder.joinpath("prometheus.yml").write_text(config)

    def __enter__(self):
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [prometheus_program(), f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address={self.url[7:]}", "--web.enable-remote-write-receiver", "--enable-feature=native-histograms", *self.arguments], stdout=self.log, stderr=self.log)
        wait_for("prometheus", lambda: get(self.url + "/-/ready")[0] == 200, timeout=60)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self._directory.cleanup()


def post(url, body, **headers):
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.status, response.headers, response.read()


def labels(pairs):
    return b"".join(message(1, message(1, name), message(2, value)) for name, value in sorted(pairs.items()))


def histogram(at_ms, count, *buckets):
    deltas = [zigzag(now - before) for before, now in zip((0, *buckets), buckets)]
    return message(4, number(1, count), double(3, count * 1.5), number(4, zigzag(1)), double(5, 0.001), number(6, 0),
                   message(11, number(1, zigzag(2)), number(2, len(buckets))), *(number(12, delta) for delta in deltas), number(15, at_ms))


def write_request(series):
    """series: [(labels, [(time_ms, value)] or encoded histograms)]"""
    out = b""
    for pairs, rows in series:
        samples = rows if isinstance(rows, bytes) else b"".join(message(2, double(1, value), number(2, at)) for at, value in rows)
        out += message(1, labels(pairs), samples)
    return snappy(out)


def send(url, series):
    post(url + "/api/v1/write", write_request(series), content_type="application/x-protobuf", content_encoding="snappy",
         x_prometheus_remote_write_version="0.1.0")


def matrix(url, expression, at):
    query = urllib.parse.urlencode({"query": expression, "time": at})
    data = json.loads(get(f"{url}/api/v1/query?{query}", timeout=30)[2])["data"]
    return sorted(((entry["metric"], entry.get("values"), entry.get("histograms")) for entry in data["result"]), key=str)


def some_series(now_ms):
    start = now_ms - 250_000
    times = [start + i * 997 for i in range(250)]
    return [
        ({"__name__": "steady_total", "job": "a"}, [(at, i * 3.0) for i, at in enumerate(times)]),
        ({"__name__": "noise", "job": "a", "z": "1"}, [(at, (i * 7919 % 1000) / 7 - 50) for i, at in enumerate(times)]),
        ({"__name__": "noise", "job": "b"}, [(at, float("nan") if i % 5 == 0 else 1e300 / (i + 1)) for i, at in enumerate(times)]),
        ({"__name__": "rare", "job": "ü"}, [(start, -0.0), (now_ms, 1e-320)]),
    ]


def some_histograms(now_ms):
    times = [now_ms - 250_000 + i * 1000 for i in range(250)]
    rows = b"".join(histogram(at, 4 * (i % 100) + 6, i % 100 + 1, 2 * (i % 100) + 3, i % 100 + 2) for i, at in enumerate(times))
    return [({"__name__": "h", "job": "a"}, rows)]


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


def value(thing):
    if isinstance(thing, bool):
        return number(2, thing)
    if isinstance(thing, str):
        return message(1, thing)
    if isinstance(thing, int):
        return number(3, thing)
    if isinstance(thing, float):
        return double(4, thing)
    if isinstance(thing, bytes):
        return message(7, thing)
    if isinstance(thing, list):
        return message(5, *(message(1, value(one)) for one in thing))
    return message(6, *(message(1, message(1, key), message(2, value(one))) for key, one in thing.items()))


def attributes(field, **pairs):
    return b"".join(message(field, message(1, name.replace("__", ".")), message(2, value(one))) for name, one in pairs.items())


def otlp_request(now_ns):
    """One of everything, in two resources."""
    started, at = fixed(2, now_ns - 60 * 10**9), fixed(3, now_ns)
    earlier = fixed(3, now_ns - 10 * 10**9)
    exemplar = message(5, fixed(2, now_ns), double(3, 2.0), message(4, bytes(range(8))), message(5, bytes(range(16))), attributes(7, user="ü"))
    cumulative = number(2, 2)

    def metric(name, unit, field, *data, help="what it is"):
        return message(2, message(1, name), message(2, help), message(3, unit), message(field, *data))

    def point(*parts):
        return message(1, started, at, *parts)

    def packed(field, form, values):
        return message(field, struct.pack("<" + form * len(values), *values))

    explicit = point(fixed(4, 9), double(5, 12.5), packed(6, "Q", (1, 3, 5)), packed(7, "d", (0.5, 10.0)), attributes(9, route="/a"))
    exponential = point(attributes(1, route="/b"), fixed(4, 14), double(5, 99.0), number(6, zigzag(10)), fixed(7, 2),
                        message(8, number(1, zigzag(-5)), message(2, bytes((1, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4)))),
                        message(9, number(1, zigzag(700)), message(2, bytes((1, 1)))))
    summary = point(fixed(4, 10), double(5, 55.5), message(6, double(1, 0.5), double(2, 5.0)), message(6, double(1, 0.99), double(2, 9.25)),
                    attributes(7, a=True, b=1, c=1.5, d=["x", 2], e={"k": "v", "a": 1}, f=b"\x00\xff"))
    metrics = [
        metric("cpu.usage", "1", 5, point(double(4, 0.25), attributes(7, cpu=0)), point(fixed(6, 7), attributes(7, cpu=1))),
        metric("http.server.requests", "{request}", 7, point(fixed(6, 42), exemplar, attributes(7, http__method="GET", _private="x", **{"1st": "y"})), cumulative, number(3, 1)),
        metric("network.io", "By/s", 7, point(double(4, 3.5)), cumulative),
        metric("queue__total_length", "", 7, point(fixed(6, 5), attributes(7, **{"a-b": "2", "a__b": "1", "a_b": "3"})), cumulative, number(3, 1)),
        metric("http.duration", "ms", 9, explicit, cumulative),
        metric("rpc.latency", "s", 10, exponential, cumulative),
        metric("old.summary", "us", 11, summary),
        metric("2xx.rate/x", "%", 5, message(1, earlier, double(4, 1.0)), point(double(4, 2.0))),
        metric("gone", "", 5, point(double(4, 1.0), number(8, 1))),
    ]
    scope = message(2, message(1, message(1, "lib"), message(2, "1.2")), *metrics)
    first = message(1, message(1, attributes(1, service__name="shop", service__namespace="eu", service__instance__id="i-1", host__name="h1", os={"type": "linux"})), scope)
    second = message(1, message(1, attributes(1, service__name="lonely")), message(2, metric("up.down", "Cel", 5, point(double(4, -1.0)))))
    return first + second


# What Prometheus' own translation makes of otlp_request(): the newest value of each series.
TRANSLATED = [
    ('_2xx_rate_x_percent{instance="i-1",job="eu/shop"}', "2"),
    ('cpu_usage_ratio{cpu="0",instance="i-1",job="eu/shop"}', "0.25"),
    ('cpu_usage_ratio{cpu="1",instance="i-1",job="eu/shop"}', "7"),
    ('http_duration_milliseconds_bucket{instance="i-1",job="eu/shop",le="+Inf",route="/a"}', "9"),
    ('http_duration_milliseconds_bucket{instance="i-1",job="eu/shop",le="0.5",route="/a"}', "1"),
    ('http_duration_milliseconds_bucket{instance="i-1",job="eu/shop",le="10",route="/a"}', "4"),
    ('http_duration_milliseconds_count{instance="i-1",job="eu/shop",route="/a"}', "9"),
    ('http_duration_milliseconds_sum{instance="i-1",job="eu/shop",route="/a"}', "12.5"),
    ('http_server_requests_total{http_method="GET",instance="i-1",job="eu/shop",key_1st="y",key_private="x"}', "42"),
    ('network_io_bytes_per_second{instance="i-1",job="eu/shop"}', "3.5"),
    ('old_summary_microseconds_count{a="true",b="1",c="1.5",d=["x",2],e={"a":1,"k":"v"},f="AP8=",instance="i-1",job="eu/shop"}', "10"),
    ('old_summary_microseconds_sum{a="true",b="1",c="1.5",d=["x",2],e={"a":1,"k":"v"},f="AP8=",instance="i-1",job="eu/shop"}', "55.5"),
    ('old_summary_microseconds{a="true",b="1",c="1.5",d=["x",2],e={"a":1,"k":"v"},f="AP8=",instance="i-1",job="eu/shop",quantile="0.5"}', "5"),
    ('old_summary_microseconds{a="true",b="1",c="1.5",d=["x",2],e={"a":1,"k":"v"},f="AP8=",instance="i-1",job="eu/shop",quantile="0.99"}', "9.25"),
    ('queue_length_total{a_b="2;1;3",instance="i-1",job="eu/shop"}', "5"),
    ('target_info{host_name="h1",instance="i-1",job="eu/shop",os={"type":"linux"}}', "1"),
    ('up_down_celsius{job="lonely"}', "-1"),
]


def series_text(pairs):
    texts = (f"{name}=" + (text if text[0] in "{[" else f'"{text}"') for name, text in sorted(pairs.items()) if name != "__name__")
    return pairs["__name__"] + "{" + ",".join(texts) + "}"


def prometheus_takes_otlp():
    if not prometheus_is_3():
        return False
    return "otlp" in subprocess.run([prometheus_program(), "--help"], capture_output=True, text=True, check=False).stdout


class Otlp(unittest.TestCase):
    def test_metrics_get_the_names_and_labels_of_prometheus(self):
        now_ns = time.time_ns()
        with Host(PLUGINS) as host:
            status, _, body = post(host.url + "/api/v1/otlp/v1/metrics", otlp_request(now_ns), content_type="application/x-protobuf")
            self.assertEqual((status, body), (200, b""))
            found = matrix(host.url, "{__name__=~'.+',__name__!~'gone|rpc_.*'}[10m]", now_ns / 1e9 + 1)
            self.assertEqual(sorted((series_text(pairs), values[-1][1]) for pairs, values, _ in found), sorted(TRANSLATED))
            exemplar, = host.api("query_exemplars", query="http_server_requests_total")[0]["exemplars"]
            self.assertEqual(exemplar["labels"], {"trace_id": "000102030405060708090a0b0c0d0e0f", "span_id": "0001020304050607", "user": "ü"})
            metadata = host.api("metadata")
            self.assertEqual(metadata["http_duration_milliseconds"], [{"type": "histogram", "help": "what it is", "unit": "milliseconds"}])
            self.assertEqual(metadata["http_server_requests_total"][0]["type"], "counter")

    @needs_prometheus
    def test_exponential_histograms_become_native_ones(self):
        now_ns = time.time_ns()
        with Host(PLUGINS) as host:
            post(host.url + "/api/v1/otlp/v1/metrics", otlp_request(now_ns), content_type="application/x-protobuf")
            with Peer(f"remote_read: [{{ url: {host.url}/api/v1/read, read_recent: true }}]") as reader:
                (_, _, ((_, found),)), = matrix(reader.url, "rpc_latency_seconds[10m]", now_ns / 1e9 + 1)
            self.assertEqual((found["count"], found["sum"]), ("14", "99"))
            # Scale 10 is finer than what can be stored: four buckets become one of scale 8.
            self.assertEqual([bucket[3] for bucket in found["buckets"]], ["2", "2", "1", "5", "4"])

    @unittest.skipUnless(prometheus_takes_otlp(), "needs a Prometheus 3 with OTLP, which Debian's has not: TARSIER_PROMETHEUS=its program")
    def test_metrics_become_what_prometheus_makes_of_them(self):
        now_ns = time.time_ns()
        at = now_ns / 1e9 + 1
        everything = "{__name__=~'.+',__name__!='rpc_latency_seconds'}[10m]"
        with Host(PLUGINS) as host, Peer("{}", "--web.enable-otlp-receiver") as peer:
            for url in (host.url, peer.url):
                status, _, body = post(url + "/api/v1/otlp/v1/metrics", otlp_request(now_ns), content_type="application/x-protobuf")
                self.assertEqual((status, body), (200, b""), url)
            ours, theirs = matrix(host.url, everything, at), matrix(peer.url, everything, at)
            self.assertGreater(len(theirs), 15)
            self.assertEqual([entry[0] for entry in ours], [entry[0] for entry in theirs])
            self.assertEqual(ours, theirs)
            with Peer(f"remote_read: [{{ url: {host.url}/api/v1/read, read_recent: true }}]") as reader:
                ours, theirs = (matrix(url, "rpc_latency_seconds[10m]", at) for url in (reader.url, peer.url))
                self.assertEqual(len(theirs), 1)
                self.assertEqual(ours, theirs)
            ours, theirs = (json.loads(get(url + "/api/v1/metadata")[2])["data"] for url in (host.url, peer.url))
            self.assertEqual({name: ours.get(name) for name in theirs}, theirs)

    def test_json_is_taken_like_protobuf(self):
        now_ns = time.time_ns()

        def point(**more):
            return {"timeUnixNano": str(now_ns), "attributes": [{"key": "a.b", "value": {"stringValue": "ü"}}], **more}

        metrics = [{"name": "steps", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point(asInt="42")]}},
                   {"name": "heat", "unit": "Cel", "gauge": {"dataPoints": [point(asDouble=-1.5)]}},
                   {"name": "d", "sum": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA", "dataPoints": [point(asInt=1)]}}]
        request = {"resourceMetrics": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeMetrics": [{"metrics": metrics}]}]}
        with Host(PLUGINS) as host:
            status, headers, body = post(host.url + "/api/v1/otlp/v1/metrics", json.dumps(request).encode(), content_type="application/json; charset=utf-8")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
            self.assertEqual(json.loads(body), {"partialSuccess": {"rejectedDataPoints": "1", "errorMessage": 'metric "d": invalid temporality and type combination'}})
            self.assertEqual(host.value('steps_total{a_b="ü",job="shop"}'), 42.0)
            self.assertEqual(host.value("heat_celsius"), -1.5)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                post(host.url + "/api/v1/otlp/v1/metrics", b'{"resourceMetrics":7}', content_type="application/json")
            self.assertEqual((refused.exception.code, refused.exception.read()), (400, b"resourceMetrics must be a list, not that number\n"))

    def test_what_cannot_be_stored_is_told_and_the_rest_is_stored(self):
        now_ns = time.time_ns()
        delta = message(2, message(1, "d"), message(7, message(1, fixed(3, now_ns), double(4, 1.0)), number(2, 1)))
        good = message(2, message(1, "g"), message(5, message(1, fixed(3, now_ns), double(4, 1.0))))
        with Host(PLUGINS) as host:
            status, headers, body = post(host.url + "/api/v1/otlp/v1/metrics", message(1, message(2, delta, good)), content_type="application/x-protobuf")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/x-protobuf"))
            (_, partial), = fields(body)
            self.assertEqual(fields(partial), [(1, 1), (2, b'metric "d": invalid temporality and type combination')])
            self.assertEqual(host.value("g"), 1.0)
            for body, kind in [(b"\x0a\xff", "application/x-protobuf"), (b"{}", "text/html")]:
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    post(host.url + "/api/v1/otlp/v1/metrics", body, content_type=kind)
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
    if re.search(r"std(dev|var)", query) and re.search(r"ceil|floor|round|sgn|changes|resets|%|[=!]=", query):
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
