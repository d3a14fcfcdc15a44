"""Programs with a client library, as their authors write them, scraped in each format."""

import subprocess
import unittest

from host import Host, free_port, get, wait_for
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


class PythonProgram:
    """With Debian's python3-prometheus-client."""

    def __enter__(self):
        self.port = free_port()
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", PROGRAM, str(self.port)])
        wait_for("the program", lambda: get(f"http://127.0.0.1:{self.port}/metrics")[0] == 200)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Python(unittest.TestCase):
    def test_every_kind_of_metric_is_stored_as_it_was_set(self):
        with PythonProgram() as program:
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


if __name__ == "__main__":
    unittest.main()
