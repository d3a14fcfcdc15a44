"""Metrics of OpenTelemetry as they are taken: names, labels and values that Prometheus would give them, and what is refused."""

import json
import struct
import subprocess
import time
import unittest
import urllib.error

from host import Host, get
from peer import PLUGINS, Peer, matrix, needs_prometheus, post, prometheus_major, prometheus_program
from wire import double, fields, fixed, message, number, zigzag


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
    if not prometheus_major() == 3:
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


if __name__ == "__main__":
    unittest.main()
