"""The main job on real input: a real exporter is scraped, samples are stored durably and queried by promtool, an alert reaches a webhook."""

import http.server
import json
import pathlib
import shutil
import subprocess
import threading
import time
import unittest

from host import Host, free_port, get, wait_for

EVERYTHING = """
[plugin.node]
interval = "1s"
[plugin.samples]
[plugin.promql]
[plugin.ui]
[plugin.scrape]
[[plugin.scrape.job]]
job_name = "exporter"
scrape_interval = "1s"
scrape_timeout = "1s"
static_configs = [{ targets = ["127.0.0.1:{exporter}"], labels = { env = "test" } }]
[plugin.rules]
rule_files = ["rules/*.yml"]
[plugin.webhook]
url = "http://127.0.0.1:{hook}/hook"
[plugin.alerts]
route = { receiver = "team", group_by = ["alertname"], group_wait = "1s", group_interval = "1s" }
receivers = [{ name = "team", notifiers = ["webhook"] }]
"""

RULES = """
groups:
  - name: test
    interval: 1s
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: ExporterDown
        expr: up{job="exporter"} == 0
        labels: { severity: critical }
        annotations: { summary: "{{ $labels.job }} at {{ $labels.instance }} is down" }
"""


class Exporter:
    """Debian's node exporter."""

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        program = shutil.which("prometheus-node-exporter")
        assert program, "prometheus-node-exporter is not installed"
        self.process = subprocess.Popen([program, f"--web.listen-address=127.0.0.1:{self.port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the exporter", lambda: get(f"http://127.0.0.1:{self.port}/metrics")[0] == 200)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Hook:
    """A webhook receiver that keeps what it was sent."""

    def __init__(self, refuse_first=0):
        hook = self
        self.received = []
        self.refusals = refuse_first

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.refusals > 0:
                    hook.refusals -= 1
                    self.send_response(503)
                else:
                    hook.received.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
                    self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def host_with_rules(exporter_port, hook_port):
    host = Host(EVERYTHING, exporter=exporter_port, hook=hook_port)
    rules = host.directory / "rules"
    rules.mkdir()
    (rules / "test.yml").write_text(RULES)
    return host


class FirstPath(unittest.TestCase):
    def test_scrapes_a_real_exporter_and_answers_promtool(self):
        with Exporter(free_port()) as exporter, Hook() as hook, host_with_rules(exporter.port, hook.port) as host:
            wait_for("the exporter to be up", lambda: host.value('up{job="exporter"}') == 1)
            target = host.api("targets")["activeTargets"][0]
            self.assertEqual(target["health"], "up")
            self.assertEqual(target["labels"]["env"], "test")
            self.assertGreater(host.value('scrape_samples_scraped{job="exporter"}'), 200)
            wait_for("the recording rule", lambda: host.value('job:up:sum{job="exporter"}') == 1)
            wait_for("a rate", lambda: host.query('rate(node_cpu_seconds_total{job="exporter",mode="idle"}[1m])'))

            promtool = shutil.which("promtool")
            self.assertTrue(promtool, "promtool is not installed")
            answer = subprocess.run([promtool, "query", "instant", host.url, 'up{job="exporter"}'], capture_output=True, text=True, check=True)
            self.assertIn("=> 1 @", answer.stdout)
            now = time.time()
            ranged = subprocess.run(
                [promtool, "query", "range", f"--start={now - 60:.0f}", f"--end={now:.0f}", "--step=5s", host.url, "node_load1"], capture_output=True, text=True, check=True
            )
            self.assertIn("node_load1", ranged.stdout)
            labels = subprocess.run([promtool, "query", "labels", host.url, "job"], capture_output=True, text=True, check=True)
            self.assertIn("exporter", labels.stdout.split())
            series = subprocess.run([promtool, "query", "series", "--match=up", host.url], capture_output=True, text=True, check=True)
            self.assertIn('job="exporter"', series.stdout)

    def test_an_alert_fires_to_the_webhook_and_resolves(self):
        port = free_port()
        with Hook(refuse_first=1) as hook, host_with_rules(port, hook.port) as host:
            wait_for("the alert", lambda: hook.received)
            headers, body = hook.received[0]
            self.assertEqual(headers["content-type"], "application/json")
            self.assertEqual(list(body), ["receiver", "status", "alerts", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "version", "groupKey", "truncatedAlerts"])
            self.assertEqual((body["version"], body["status"], body["receiver"]), ("4", "firing", "team"))
            alert = body["alerts"][0]
            self.assertEqual(alert["labels"]["alertname"], "ExporterDown")
            self.assertEqual(alert["labels"]["severity"], "critical")
            self.assertEqual(alert["annotations"]["summary"], f"exporter at 127.0.0.1:{port} is down")
            self.assertEqual(body["groupKey"], '{}:{alertname="ExporterDown"}')
            shown = host.api("alerts")["alerts"][0]
            self.assertEqual((shown["state"], shown["value"]), ("firing", "0e+00"))
            alerts = json.loads(get(host.alertmanager_url + "/api/v2/alerts")[2])
            self.assertEqual(alerts[0]["fingerprint"], alert["fingerprint"])
            with Exporter(port):
                wait_for("the alert to resolve", lambda: hook.received[-1][1]["status"] == "resolved")

    def test_every_plugin_runs_and_shows_its_state(self):
        with Hook() as hook, host_with_rules(free_port(), hook.port) as host:
            states = {name: plugin["state"] for name, plugin in host.plugins().items()}
            self.assertEqual(states, dict.fromkeys(["net", "node", "samples", "promql", "ui", "scrape", "rules", "webhook", "alerts"], "running"))

    def test_what_was_acknowledged_survives_kill_nine(self):
        with Hook() as hook:
            host = host_with_rules(free_port(), hook.port)
            with host:
                wait_for("a few samples", lambda: (host.value('count_over_time(node_load1[1m])') or 0) >= 3)
                before = host.api("query", query="node_load1[1m]")["result"][0]["values"]
                time.sleep(0.2)  # a collector's sample is acknowledged some hundredths of a second after it can be seen
                host.kill()
                host.start()
                after = host.api("query", query="node_load1[5m]")["result"][0]["values"]
                self.assertEqual([sample for sample in before if sample not in after], [])

    def test_stops_cleanly_on_sigterm(self):
        with Hook() as hook, host_with_rules(free_port(), hook.port) as host:
            self.assertEqual(host.stop(), 0, host.log())

    def test_seeds_debug_commands_work_as_they_stand(self):
        with Hook() as hook, host_with_rules(free_port(), hook.port) as host:
            self.assertIn("[plugin.scrape]", host.api("status/config")["yaml"])
            self.assertIn("version", host.api("status/buildinfo"))
            self.assertEqual(json.loads(get(host.main_url + "/api/health")[2])["database"], "ok")
            self.assertEqual(get(host.main_url + "/prometheus/api/v1/targets")[0], 200)
            for version in ("v1", "v2"):
                status = json.loads(get(f"{host.alertmanager_url}/api/{version}/status")[2])
                self.assertIn("[plugin.alerts]", status["config"]["original"])
            self.assertIn(b"tarsier_plugin_", get(host.url + "/metrics")[2])


if __name__ == "__main__":
    unittest.main()
