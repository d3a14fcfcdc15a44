"""Programs with a client library, as their authors write them, scraped in each format."""

import os
import pathlib
import subprocess
import unittest

from host import SOURCE, Host, free_port, get, wait_for
from npm_packages import install
from scrape_formats_test import STORE, job

PROGRAM = """
import sys, time
from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary, start_http_server
Counter("orders", "Orders \\\\ taken.", ["country"]).labels("a\\"b\\\\c\\nd").inc(3, {"trace_id": "abc"})
Gauge("temperature_celsius", "Now.", unit="celsius").set(-1.5)
Histogram("wait", "Waiting.", buckets=[1, 2.5], unit="seconds").observe(2, {"trace_id": "def"})
Summary("size", "Of requests.").observe(7)
Info("build", "Which.").info({"version": "1.2"})
Enum("state", "Of the engine.", states=["off", "on"]).state("on")
start_http_server(int(sys.argv[1]), addr="127.0.0.1")
time.sleep(3600)
"""


HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(os.environ.get("TARSIER_BROWSER_WORK", SOURCE / "build/release/browser-tests")).resolve().parent / "node-client-test"


class Program:
    """A program that shows its metrics at a port that is its last argument."""

    def __init__(self, *command, cwd=None):
        self.command, self.cwd = command, cwd

    def __enter__(self):
        self.port = free_port()
        self.process = subprocess.Popen([*self.command, str(self.port)], cwd=self.cwd)
        wait_for("the program", lambda: get(f"http://127.0.0.1:{self.port}/metrics")[0] == 200)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Python(unittest.TestCase):
    def test_every_kind_of_metric_is_stored_as_it_was_set(self):
        with Program("/usr/bin/python3", "-c", PROGRAM) as program:  # with Debian's python3-prometheus-client
            target = f"127.0.0.1:{program.port}"
            with Host(STORE + job("om", target, ["OpenMetricsText1.0.0"]) + job("text", target, ["PrometheusText0.0.4"])) as host:
                wait_for("both formats", lambda: len(host.query("up == 1")) == 2)
                for name in ("om", "text"):
                    value = lambda query: host.query(query.replace("}", f', job="{name}"}}'))[0][1]
                    label = host.query(f'orders_total{{job="{name}"}}')[0][0]["country"]
                    self.assertEqual((label, value('orders_total{country!=""}')), ('a"b\\c\nd', 3))
                    self.assertEqual(value('temperature_celsius{instance!=""}'), -1.5)
                    self.assertEqual(value('wait_seconds_bucket{le="2.5"}'), 1)
                    self.assertEqual(value('wait_seconds_bucket{le="1.0"}'), 0)
                    self.assertEqual((value('size_count{instance!=""}'), value('size_sum{instance!=""}')), (1, 7))
                    self.assertEqual(value('build_info{version="1.2"}'), 1)
                    self.assertEqual((value('state{state="on"}'), value('state{state="off"}')), (1, 0))
                found = host.api("query_exemplars", query='{__name__=~"orders_total|wait_seconds_bucket"}', start=0, end=4e9)
                self.assertEqual(sorted(series["exemplars"][0]["labels"]["trace_id"] for series in found), ["abc", "def"])
                self.assertEqual({series["seriesLabels"]["job"] for series in found}, {"om"}, "the text format has no exemplars")


class Node(unittest.TestCase):
    """With prom-client."""

    def test_every_kind_of_metric_is_stored_as_it_was_set(self):
        install(HERE / "node_client", WORK, "program.mjs")
        with Program("node", "program.mjs", cwd=WORK) as program:
            target = f"127.0.0.1:{program.port}"
            with Host(STORE + job("om", target, ["OpenMetricsText1.0.0"]) + job("text", target, ["PrometheusText0.0.4"])) as host:
                wait_for("both formats", lambda: len(host.query("up == 1")) == 2)
                for name in ("om", "text"):
                    value = lambda query: host.query(query.replace("}", f', job="{name}"}}'))[0][1]
                    label = host.query(f'orders_total{{job="{name}"}}')[0][0]["country"]
                    self.assertEqual((label, value('orders_total{country!=""}')), ('a"b\\c\nd', 3))
                    self.assertEqual(value('temperature_celsius{instance!=""}'), -1.5)
                    self.assertEqual((value('wait_seconds_bucket{le="1.0"}'), value('wait_seconds_bucket{le="2.5"}')), (0, 1))
                    self.assertEqual(value('wait_seconds_bucket{le="+Inf"}'), 1)
                    self.assertEqual((value('size_bytes_count{instance!=""}'), value('size_bytes{quantile="0.5"}')), (1, 7))
                    self.assertGreater(value('process_resident_memory_bytes{instance!=""}'), 1e6)
                    self.assertRegex(host.query(f'nodejs_version_info{{job="{name}"}}')[0][0]["version"], r"^v\d+\.")
                found = host.api("query_exemplars", query='{__name__=~"orders_total|wait_seconds_bucket"}', start=0, end=4e9)
                self.assertEqual(sorted(series["exemplars"][0]["labels"]["trace_id"] for series in found), ["abc", "def"])


if __name__ == "__main__":
    unittest.main()
