"""Pages in every format from real programs: what is stored does not depend on the format, and is what Prometheus stores."""

import contextlib
import http.server
import re
import threading
import time
import unittest

from host import Host, free_port, wait_for
from peer import Peer, needs_prometheus, prometheus_major

STORE = """
[plugin.samples]
[plugin.promql]
[plugin.scrape]
scrape_interval = "1s"
scrape_timeout = "1s"
"""

FORMATS = {"text": ["PrometheusText0.0.4"], "openmetrics": ["OpenMetricsText1.0.0"], "protobuf": ["PrometheusProto"]}

OPEN_METRICS = b"""# TYPE requests counter
# UNIT requests_seconds seconds
# HELP requests Requests \\"served\\".
requests_total{code="200"} 4 # {trace_id="abc"} 0.5
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 2 # {trace_id="def"} 0.75 %d
wait_seconds_bucket{le="+Inf"} 3
wait_seconds_count 3
wait_seconds_sum 2.5
# EOF
"""


def job(name, target, protocols, more=""):
    return f"""
[[plugin.scrape.job]]
job_name = "{name}"
scrape_protocols = {protocols}
static_configs = [{{ targets = ["{target}"] }}]
{more}
"""


def series(api, name):
    """Label sets of the job's pages, without the job."""
    found = set()
    for labels in api("series", **{"match[]": f'{{job="{name}"}}'}):
        labels.pop("job")
        if labels["__name__"] != "up" and not labels["__name__"].startswith("scrape_"):
            found.add(tuple(sorted(labels.items())))
    return found


def without_total(label_sets):
    """OpenMetrics gives every counter the suffix."""
    return {tuple((name, re.sub("_total$", "", value) if name == "__name__" else value) for name, value in labels) for labels in label_sets}


class OfARealProgram(unittest.TestCase):
    def test_series_do_not_depend_on_the_format(self):
        with Peer() as target:
            jobs = "".join(job(name, target.url[7:], protocols) for name, protocols in FORMATS.items())
            with Host(STORE + jobs) as host:
                up = lambda: host.api("query", query="sum(up)")["result"]
                wait_for("three good scrapes", lambda: up() and up()[0]["value"][1] == "3")
                time.sleep(2)  # a second scrape, by when the target has all its series
                text, open_metrics, protobuf = (series(host.api, name) for name in FORMATS)
                self.assertGreater(len(text), 300)
                self.assertEqual(text ^ protobuf, set())
                self.assertEqual(without_total(text) ^ without_total(open_metrics), set())

    @unittest.skipUnless(prometheus_major() == 3, "the target must have native histograms")
    def test_native_histograms_are_taken_when_they_are_wanted(self):
        name = "prometheus_http_request_duration_seconds"
        with Peer() as target:
            jobs = job("native", target.url[7:], [], "scrape_native_histograms = true").replace("scrape_protocols = []\n", "")
            both = job("both", target.url[7:], ["PrometheusProto"], "scrape_native_histograms = true\nalways_scrape_classic_histograms = true")
            with Host(STORE + jobs + both) as host:
                count = lambda job: host.api("query", query=f'histogram_count({name}{{job="{job}",handler="/metrics"}})')["result"]
                wait_for("native histograms", lambda: count("native") and count("both"))
                buckets = lambda job: host.api("query", query=f'count({name}_bucket{{job="{job}"}})')["result"]
                self.assertEqual(buckets("native"), [])
                self.assertTrue(buckets("both"))


class BesidePrometheus(unittest.TestCase):
    @needs_prometheus
    def test_the_same_targets_give_the_same_series(self):
        with Peer() as target, Peer(features="exemplar-storage") as peer:
            jobs = "".join(job(name, target.url[7:], protocols) for name, protocols in FORMATS.items())
            peer.configure("global: {scrape_interval: 1s}\nscrape_configs:\n" + "".join(
                f"  - {{job_name: {name}, scrape_protocols: {protocols}, always_scrape_classic_histograms: true, static_configs: [{{targets: ['{target.url[7:]}']}}]}}\n"
                for name, protocols in FORMATS.items()))
            peer.reload()
            with Host(STORE + jobs) as host:
                for api in (host.api, peer.api):
                    wait_for("three good scrapes", lambda: (api("query", query="sum(up)")["result"] or [{"value": [0, 0]}])[0]["value"][1] == "3")
                time.sleep(3)
                for name in FORMATS:
                    # Prometheus 3.5 takes nothing at all of a histogram that has no buckets, where it does not take native ones.
                    without_buckets = lambda labels: dict(labels)["__name__"].startswith("prometheus_tsdb_tombstone_cleanup_seconds")
                    different = {labels for labels in series(host.api, name) ^ series(peer.api, name) if not without_buckets(labels)}
                    self.assertEqual(different, set(), name)


    @needs_prometheus
    def test_metadata_goes_by_the_same_names(self):
        """Of a page that has counters, infos, histograms and units, in OpenMetrics and as text."""
        pages = {
            "openmetrics": ("application/openmetrics-text; version=1.0.0; charset=utf-8", OPEN_METRICS % 5),
            "text": ("text/plain; version=0.0.4", b"# TYPE hits_total counter\n# HELP hits_total Hits.\nhits_total 1\n# TYPE sum_up summary\nsum_up_sum 1\nsum_up_count 1\n"),
        }
        with contextlib.ExitStack() as stack:
            servers = {name: stack.enter_context(page_of(*page)) for name, page in pages.items()}
            jobs = "".join(job(name, server, []).replace("scrape_protocols = []\n", "") for name, server in servers.items())
            peer = stack.enter_context(Peer("global: {scrape_interval: 1s}\nscrape_configs:\n" + "".join(
                f"  - {{job_name: {name}, static_configs: [{{targets: ['{server}']}}]}}\n" for name, server in servers.items())))
            host = stack.enter_context(Host(STORE + jobs))
            for api in (host.api, peer.api):
                wait_for("two good scrapes", lambda: (api("query", query="sum(up)")["result"] or [{"value": [0, 0]}])[0]["value"][1] == "2")
            self.assertEqual(host.api("metadata"), peer.api("metadata"))
            told = lambda api: sorted((entry["target"]["job"], entry["metric"], entry["type"], entry["help"], entry["unit"]) for entry in api("targets/metadata"))
            self.assertEqual(told(host.api), told(peer.api))


@contextlib.contextmanager
def page_of(content_type, page):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


class Exemplars(unittest.TestCase):
    def test_of_open_metrics_are_stored(self):
        now = int(time.time())

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
                self.end_headers()
                self.wfile.write(OPEN_METRICS % now)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with Host(STORE + job("om", f"127.0.0.1:{server.server_port}", ["OpenMetricsText1.0.0"])) as host:
                ask = lambda query: host.api("query_exemplars", query=query, start=now - 60, end=now + 60)
                found = wait_for("an exemplar", lambda: ask("requests_total"))
                self.assertEqual(found[0]["exemplars"][0]["labels"], {"trace_id": "abc"})
                found = ask("wait_seconds_bucket")
                self.assertEqual((found[0]["seriesLabels"]["le"], found[0]["exemplars"][0]["value"], found[0]["exemplars"][0]["timestamp"]), ("1.0", "0.75", now))
                metadata = host.api("metadata", metric="requests")["requests"][0]
                self.assertEqual((metadata["type"], metadata["help"]), ("counter", 'Requests "served".'))
        finally:
            server.shutdown()
            server.server_close()


if __name__ == "__main__":
    unittest.main()
