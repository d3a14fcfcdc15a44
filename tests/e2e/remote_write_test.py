"""A real Prometheus sends its own metrics by remote write; what we answer is what it answers."""

import contextlib
import gzip
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from host import Host, free_port, get, wait_for
from peer import Peer, labels, prometheus_major
from wire import double, message, number, snappy, varint

RECEIVER = """
[plugin.remote-write-receiver]
[plugin.samples]
[plugin.promql]
"""

CONFIG = """
global: {{ scrape_interval: 1s, external_labels: {{ origin: sender }} }}
scrape_configs:
  - job_name: prometheus
    static_configs: [{{ targets: [{targets}] }}]
remote_write:
  - url: {url}/api/v1/write
    send_exemplars: true
    send_native_histograms: true
    metadata_config: {{ send: true, send_interval: 1s }}
{message}
"""

EXPRESSIONS = [
    "up",
    "prometheus_build_info",
    "scrape_samples_scraped",
    "count by (job) ({job='prometheus'})",
    "sum by (__name__) ({__name__=~'prometheus_tsdb_.*total'})",
    "prometheus_http_request_duration_seconds_bucket",
    "go_gc_duration_seconds",
]


PAGE = """# TYPE request_seconds histogram
request_seconds_bucket{{le="0.5"}} {count} # {{trace_id="fast-{count}"}} 0.{count} {at}
request_seconds_bucket{{le="+Inf"}} {count}
request_seconds_count {count}
request_seconds_sum {count}
# TYPE job_runs counter
job_runs_total {count} # {{trace_id="run-\u00e4-{count}",span_id="7"}} 1.0
# EOF
"""


class Exporter:
    """Serves PAGE, each time with new exemplars."""

    def __enter__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            count = 0

            def do_GET(self):
                Handler.count += 1
                body = PAGE.format(count=Handler.count, at=f"{time.time():.3f}").encode()
                self.send_response(200)
                self.send_header("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def exemplars(url, query, **times):
    return json.loads(get(f"{url}/api/v1/query_exemplars?{urllib.parse.urlencode({**query, **times})}")[2])["data"]


def newest(url, query):
    return max((one["timestamp"] for entry in exemplars(url, query) for one in entry["exemplars"]), default=0)


def refusal(url, body, kind, coding):
    """The code and text that a write of `body` is answered with; a header that is None is left out."""
    with contextlib.closing(http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)) as connection:
        headers = {"Content-Type": kind, "Content-Encoding": coding}
        connection.request("POST", "/api/v1/write", body, {name: value for name, value in headers.items() if value is not None})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def without_origin(entry):
    labels = {name: value for name, value in entry["seriesLabels"].items() if name != "origin"}
    return {**entry, "seriesLabels": labels}


class Sender(Peer):
    """A Prometheus that scrapes itself and `targets`, and writes to `url`."""

    def __init__(self, url, message="", targets=()):
        more = "native-histograms" if prometheus_major() < 3 else "metadata-wal-records"
        super().__init__(features="exemplar-storage," + more)
        addresses = ", ".join(f'"{address}"' for address in [self.url.removeprefix("http://"), *targets])
        self.configure(CONFIG.format(targets=addresses, url=url, message=message))


def answer(url, expression, at):
    """{labels: value} at a time, without the sender's external label."""
    query = urllib.parse.urlencode({"query": expression, "time": at})
    result = json.loads(get(f"{url}/api/v1/query?{query}")[2])["data"]["result"]
    labels = lambda metric: tuple(sorted((name, value) for name, value in metric.items() if name != "origin"))
    return {labels(entry["metric"]): entry["value"][1] for entry in result}


class RemoteWrite(unittest.TestCase):
    def agree(self, host, sender):
        """Every sample of a while ago that the sender has, we have, and no other."""
        wait_for("samples of some scrapes", lambda: (host.value("count_over_time(up{origin='sender'}[1m])") or 0) >= 5)
        at = time.time() - 3
        wait_for("the samples up to now", lambda: answer(host.url, "timestamp(up)", time.time()) and max(float(value) for value in answer(host.url, "timestamp(up)", time.time()).values()) > at)
        for expression in EXPRESSIONS:
            theirs = answer(sender.url, expression, at)
            self.assertTrue(theirs, expression)
            self.assertEqual(answer(host.url, expression, at), theirs, expression)
        failed = answer(sender.url, "prometheus_remote_storage_samples_failed_total", time.time())
        self.assertEqual(set(failed.values()), {"0"}, host.log())

    def test_version_1_is_taken_and_agrees_with_the_sender(self):
        with Host(RECEIVER) as host, Sender(host.url) as sender:
            self.agree(host, sender)
            metadata = wait_for("metadata", lambda: host.api("metadata", metric="prometheus_build_info"))
            self.assertEqual(metadata["prometheus_build_info"][0]["type"], "gauge")
            self.assertIn("A metric with a constant '1' value", metadata["prometheus_build_info"][0]["help"])

    def test_version_2_is_taken_and_agrees_with_the_sender(self):
        if prometheus_major() < 3:
            self.skipTest("this Prometheus sends 1.0 only; TARSIER_PROMETHEUS names another")
        message = "    protobuf_message: io.prometheus.write.v2.Request"
        with Host(RECEIVER) as host, Sender(host.url, message) as sender:
            self.agree(host, sender)
            metadata = wait_for("metadata", lambda: host.api("metadata", metric="prometheus_build_info"))
            self.assertEqual(metadata["prometheus_build_info"][0]["type"], "gauge")

    def test_exemplars_of_a_sender_come_out_as_it_shows_them(self):
        """The sender scrapes a page with exemplars; it answers about them itself, and so do we."""
        with Exporter() as exporter, Host(RECEIVER) as host, Sender(host.url, targets=[exporter.address]) as sender:
            query = {"query": "histogram_quantile(0.9, rate(request_seconds_bucket{le!='+Inf'}[5m])) > 0 or job_runs_total"}
            wait_for("exemplars at the sender", lambda: len(exemplars(sender.url, query)) == 2)
            at = time.time()
            theirs = wait_for("another exemplar", lambda: newest(sender.url, query) > at and exemplars(sender.url, query, end=at))
            ours = wait_for("the exemplars", lambda: newest(host.url, query) > at and exemplars(host.url, query, end=at))
            self.assertEqual([without_origin(entry) for entry in ours], theirs)
            host.kill()
            host.start()
            self.assertEqual(exemplars(host.url, query, end=at), ours)
            failed = answer(sender.url, "prometheus_remote_storage_exemplars_failed_total", time.time())
            self.assertLessEqual(set(failed.values()), {"0"}, host.log())

    def test_status_of_the_store_counts_what_was_sent(self):
        with Host(RECEIVER) as host, Sender(host.url):
            wait_for("samples", lambda: host.value("up{origin='sender'}") == 1)
            status = host.api("status/tsdb", limit=3)
            self.assertEqual([len(status[key]) for key in ("seriesCountByMetricName", "labelValueCountByLabelName", "memoryInBytesByLabelName", "seriesCountByLabelValuePair", "newSeriesByMetricName")], [3] * 5)
            self.assertEqual(status["labelValueCountByLabelName"][0]["name"], "__name__")
            series = host.value("count({__name__=~'.+'})")
            self.assertGreaterEqual(status["headStats"]["numSeries"], series)
            job = [entry for entry in host.api("status/tsdb", limit=10000)["seriesCountByLabelValuePair"] if entry["name"] == "job=prometheus"]
            self.assertEqual(len(job), 1)

    def test_vmagent_falls_back_to_what_is_understood(self):
        program = os.environ.get("TARSIER_VMAGENT") or shutil.which("vmagent")
        if program is None:
            self.skipTest("vmagent is not installed; TARSIER_VMAGENT names one")
        with tempfile.TemporaryDirectory(prefix="tarsier-sender-") as directory, Host(RECEIVER) as host:
            port, config = free_port(), pathlib.Path(directory, "scrape.yml")
            config.write_text(json.dumps({"scrape_configs": [{"job_name": "vmagent", "scrape_interval": "1s", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]}))
            arguments = [program, f"-promscrape.config={config}", f"-remoteWrite.url={host.url}/api/v1/write", f"-httpListenAddr=127.0.0.1:{port}", f"-remoteWrite.tmpDataPath={directory}/queue"]
            with open(config.with_name("log"), "wb") as log:
                sender = subprocess.Popen(arguments, stdout=log, stderr=log)
            try:
                wait_for("samples of vmagent", lambda: host.value("up{job='vmagent'}") == 1)
                page = get(f"http://127.0.0.1:{port}/metrics")[2].decode()
                dropped = re.findall(r"^vmagent_remotewrite_packets_dropped_total\S* (\S+)", page, re.M)
                self.assertEqual(set(dropped), {"0"}, page)
            finally:
                sender.kill()
                sender.wait()

    def test_what_cannot_be_read_is_refused_with_the_code_of_prometheus(self):
        now = int(time.time() * 1000)
        first = message(1, labels({"__name__": "m"}), message(2, double(1, 1.0), number(2, now)))
        symbols = b"".join(message(4, text) for text in ("", "__name__", "m"))
        second = symbols + message(5, message(1, varint(1) + varint(2)), message(2, double(1, 1.0), number(2, now)))
        plain, v2 = "application/x-protobuf", "application/x-protobuf;proto=io.prometheus.write.v2.Request"
        cases = {
            "version 1": (plain, "snappy", snappy(first), 204),
            "without headers": (None, None, snappy(first), 204),
            "version 2": (v2, "snappy", snappy(second), 204),
            "JSON": ("application/json", "snappy", snappy(first), 415),
            "another type with proto": ("text/plain;proto=prometheus.WriteRequest", "snappy", snappy(first), 415),
            "an unknown message": (plain + ";proto=io.prometheus.write.v9.Request", "snappy", snappy(first), 415),
            "no message": (plain + ";proto=", "snappy", snappy(first), 415),
            "a parameter without value": (plain + ";foo", "snappy", snappy(first), 415),
            "gzip": (plain, "gzip", gzip.compress(first), 415),
            "gzip that is snappy": (plain, "gzip", snappy(first), 415),
            "zstd that is snappy": (plain, "zstd", snappy(first), 415),
            "brotli": (plain, "br", snappy(first), 415),
            "not encoded": (plain, "identity", first, 415),
            "garbage for snappy": (plain, "snappy", b"this is not snappy", 400),
            "garbage for snappy, version 2": (v2, "snappy", b"this is not snappy", 400),
            "an empty body": (plain, "snappy", b"", 400),
            "snappy cut off": (plain, "snappy", snappy(first)[:-3], 400),
            "protobuf cut off": (plain, "snappy", snappy(first[:-3]), 400),
            "protobuf cut off, version 2": (v2, "snappy", snappy(second[:-3]), 400),
            "garbage for protobuf": (plain, "snappy", snappy(b"\xff" * 30), 400),
        }
        with contextlib.ExitStack() as stack:
            urls = [stack.enter_context(Host(RECEIVER)).url]
            if prometheus_major() == 3:
                urls.append(stack.enter_context(Peer()).url)
            for url in urls:
                for name, (kind, coding, body, code) in cases.items():
                    with self.subTest(name, url=url):
                        answered, text = refusal(url, body, kind, coding)
                        self.assertEqual(answered, code, text)
                        self.assertEqual(text == "", code == 204)

    def test_what_was_acknowledged_is_there_after_kill_9(self):
        with tempfile.TemporaryDirectory(prefix="tarsier-e2e-") as directory:
            with Host(RECEIVER, directory) as host, Sender(host.url) as sender:
                wait_for("samples", lambda: (host.value("count_over_time(up{origin='sender'}[1m])") or 0) >= 3)
                at = time.time() - 1
                before = answer(host.url, "{job='prometheus'}", at)
                host.kill()
                host.start()
                self.assertEqual(answer(host.url, "{job='prometheus'}", at), before)
                wait_for("the sender to go on", lambda: max(float(value) for value in answer(host.url, "timestamp(up)", time.time()).values()) > at + 2)


if __name__ == "__main__":
    unittest.main()
