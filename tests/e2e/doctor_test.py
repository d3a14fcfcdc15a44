"""`tarsier doctor` against hosts that have something wrong with them, and `doctor --discover` beside programs that run."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

import own_network
from host import PLUGINS, TARSIER, Host, free_port, get, wait_for

CONFIG = """
[plugin.samples]
[plugin.promql]
[plugin.ui]
[plugin.node]
interval = "1s"
[plugin.rules]
rule_files = ["rules.yml"]
[plugin.alerts]
[plugin.scrape]
scrape_interval = "2s"
scrape_timeout = "2s"
[[plugin.scrape.job]]
job_name = "app"
static_configs = [{ targets = ["{page}"], labels = { env = "test" } }]
metric_relabel_configs = [
  { source_labels = ["__name__"], regex = "debug_.*", action = "drop" },
  { source_labels = ["path"], regex = "/(.*)", target_label = "page" },
]
[[plugin.scrape.job]]
job_name = "gone"
static_configs = [{ targets = ["127.0.0.1:1"] }]
[[plugin.scrape.job]]
job_name = "limited"
sample_limit = 1
static_configs = [{ targets = ["{page}"] }]
"""

RULES = """groups:
  - name: all
    interval: 1s
    rules:
      - { record: queue:size:big, expr: queue_size > 100 }
      - { alert: Quiet, expr: queue_size > 100 }
      - { alert: NoData, expr: "queue_lenght > 1" }
      - { alert: Excepted, expr: "queue_size > 100 unless maintenance" }
      - { alert: Waiting, expr: queue_size > 1, for: 1h }
      - { alert: Loud, expr: queue_size > 1 }
"""

PAGE = b"""# TYPE queue_size gauge
queue_size{path="/a"} 8
# TYPE debug_steps_total counter
debug_steps_total 5
"""


@contextlib.contextmanager
def page_server(page, port=0):
    """Its address; `page` is a list of one text, which may be changed."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/metrics" else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(page[0])

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def doctor(*arguments, environment=None):
    return subprocess.run([TARSIER, "doctor", *arguments], capture_output=True, text=True, timeout=120, env={**os.environ, **(environment or {})})


class Running(unittest.TestCase):
    """One host for all, with a target that is down, one that is beyond its limit, and a series that a rule drops."""

    @classmethod
    def setUpClass(cls):
        cls.page = [PAGE]
        cls.host = Host(CONFIG, page=cls.enterClassContext(page_server(cls.page)))
        cls.host.directory.joinpath("rules.yml").write_text(RULES)
        cls.host.start()
        wait_for("the page", lambda: cls.host.value("queue_size") == 8)
        wait_for("the targets", lambda: cls.outcomes() == {"app": "", "gone": "refused", "limited": "limit"})
        wait_for("an alert", lambda: cls.host.query('ALERTS{alertname="Loud", alertstate="firing"}'))

    @classmethod
    def outcomes(cls):
        """What each job's last scrape failed with, in a word; "?" before the first, or when it was something else."""
        found = {}
        for target in cls.host.api("targets")["activeTargets"]:
            error = target["lastError"]
            word = next((word for word in ("refused", "limit") if word in error), "?" if error else "")
            found[target["scrapePool"]] = word if target["health"] != "unknown" else "?"
        return found

    @classmethod
    def tearDownClass(cls):
        cls.host.close()

    def ask(self, *arguments):
        return doctor(*arguments, "-c", self.host.config_file, "--plugin-dir", PLUGINS)

    def lines(self, *arguments):
        """{check: line} and the exit code."""
        done = self.ask(*arguments, "--json")
        answer = json.loads(done.stdout)
        self.assertEqual(answer["ok"], done.returncode == 0, done.stdout)
        return {line["check"]: line for line in answer["checks"]}, done.returncode

    def test_the_list_names_what_is_wrong_and_what_is_well(self):
        done = self.ask()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("ok       configuration: 1 file, 8 plugin sections\n", done.stdout)
        self.assertIn(f"ok       data directory: {self.host.directory}/data: ", done.stdout)
        self.assertIn(f"ok       host: it answers at {self.host.main_url} and is ready\n", done.stdout)
        self.assertIn("ok       plugins: all of 8 instances run\n", done.stdout)
        self.assertIn("PROBLEM  targets: 2 of 3 down\n", done.stdout)
        self.assertRegex(done.stdout, r"         gone: http://127.0.0.1:1/metrics: .*refused")
        self.assertRegex(done.stdout, r"         limited: .*sample limit|sample_limit exceeded")
        self.assertIn("ok       rules: 6 rules evaluated without errors\n", done.stdout)
        self.assertRegex(done.stdout, r"ok       data: \d+ series, the newest sample is \d+ s old\n")
        self.assertRegex(done.stdout, r"ok       file descriptors: \d+ of \d+ are open\n")
        self.assertTrue(done.stdout.endswith("\n1 problem\n"), done.stdout)

    def test_a_plugin_that_is_degraded_is_named_with_its_reason(self):
        rules = self.host.directory / "rules.yml"
        try:
            rules.write_text(RULES.replace("queue_size > 1 }", "queue_size >> 1 }"))
            wait_for("the refusal", lambda: self.host.plugins()["rules"]["state"] == "degraded")
            checks, code = self.lines()
            self.assertEqual((checks["plugins"]["outcome"], code), ("problem", 1))
            self.assertRegex(checks["plugins"]["details"][0], "(?s)^rules: degraded: .*rules.yml")
        finally:
            rules.write_text(RULES)
            wait_for("the mended file", lambda: self.host.plugins()["rules"]["state"] == "running")

    def test_a_metric_that_is_there(self):
        checks, code = self.lines("metric", "queue_size")
        self.assertEqual(code, 0)
        self.assertEqual((checks["now"]["outcome"], checks["now"]["found"]), ("ok", "1 series"))
        self.assertRegex(checks["now"]["details"][0], r"^job app, instance 127.0.0.1:\d+: 1 series$")

    def test_a_metric_that_a_rule_drops(self):
        checks, code = self.lines("metric", "debug_steps_total")
        self.assertEqual(code, 1)
        line = checks["relabelling"]
        self.assertEqual((line["outcome"], line["found"]), ("problem", "a page shows it, and a rule drops it"))
        self.assertEqual(line["details"][0], 'metric_relabel_configs of job app, rule 1, drops it: "debug_steps_total" of __name__ matches "debug_.*"')
        self.assertNotIn("near names", checks)
        self.assertRegex(checks["limits"]["details"][0], "^limited: .*limit")

    def test_a_metric_that_is_misspelt(self):
        checks, code = self.lines("metric", "queue_sise")
        self.assertEqual(code, 1)
        self.assertEqual(checks["ever"]["outcome"], "problem")
        self.assertEqual(checks["near names"]["details"], ["queue_size"])
        self.assertIn("gone: http://127.0.0.1:1/metrics: ", checks["targets that are down"]["details"][0])

    def test_a_metric_that_rules_write(self):
        checks, code = self.lines("metric", "queue:size:big")
        self.assertEqual((code, checks["rules"]["outcome"]), (1, "problem"))
        self.assertRegex(checks["rules"]["found"], "^a recording rule writes it: .*rules.yml, group all$")
        self.assertEqual(checks["rules"]["details"], ["queue_size > 100", "its expression has no value now, with these labels"])
        checks, code = self.lines("metric", 'ALERTS{alertname="Quiet"}')
        self.assertIn("alerting rules write it", checks["rules"]["found"])

    def test_a_selector_whose_labels_do_not_fit(self):
        checks, code = self.lines("metric", 'queue_size{env="production", page="a"}')
        self.assertEqual(code, 1)
        self.assertEqual(checks["labels"]["found"], "1 series of that name, with other labels")
        self.assertEqual(checks["labels"]["details"], ['env="production" matches none; env is "test"'])

    def test_a_metric_that_was_there(self):
        try:
            self.page[0] = PAGE + b"# TYPE fading gauge\nfading 1\n"
            wait_for("it", lambda: self.host.query("fading"))
            self.page[0] = PAGE
            wait_for("its end", lambda: not self.host.query("fading"))
            checks, code = self.lines("metric", "fading")
            self.assertEqual(code, 1)
            self.assertEqual(checks["last hour"]["found"], "it was there, and is not now")
            self.assertRegex(checks["last hour"]["details"][0], r'^{__name__="fading", .*}, last \d+ s ago: its target is up: the page does not show it any more')
        finally:
            self.page[0] = PAGE

    def test_what_is_no_metric_is_wrong_usage(self):
        done = self.ask("metric", "sum(up)")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'sum(up)' is no metric", done.stderr)
        self.assertEqual(self.ask("metric", "up{").returncode, 2)

    def test_alerts(self):
        checks, code = self.lines("alert", "Quiet")
        self.assertEqual(code, 0)
        self.assertEqual(checks["expression"]["found"], "it has data, and is true of nothing now")
        self.assertEqual(checks["expression"]["details"][1], "left of >: queue_size")
        self.assertRegex(checks["expression"]["details"][2], '__name__="queue_size".* is 8$')
        checks, code = self.lines("alert", "NoData")
        self.assertEqual(code, 1)
        self.assertEqual(checks["expression"]["found"], "it cannot be true: some of it has no data")
        self.assertIn('__name__="queue_lenght"', checks["expression"]["details"][0])
        self.assertIn("`tarsier doctor metric '", checks["expression"]["advice"])
        checks, code = self.lines("alert", "Excepted")
        self.assertEqual((code, checks["expression"]["found"]), (0, "it is true of nothing now, and some of it has no data"))
        checks, code = self.lines("alert", "Waiting")
        self.assertEqual((code, checks["pending"]["found"]), (0, "it has to be true for 3600 s (`for`) first"))
        checks, code = self.lines("alert", "Loud")
        self.assertEqual((code, checks["firing"]["found"], checks["grouping"]["found"]), (1, "1 alert", "1 alert"))
        self.assertEqual(checks["notifiers"]["found"], "there is none: nobody is told")
        checks, code = self.lines("alert", "Lowd")
        self.assertEqual((code, checks["rule"]["advice"]), (1, "did you mean Loud?"))

    def test_the_steps_of_relabelling(self):
        done = self.ask("relabel", "--job", "app", "--series", "--labels", '{__name__="queue_size", path="/x"}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, """{__name__="queue_size", path="/x"}
1. drop source_labels=["__name__"] regex="debug_.*"
   "queue_size" of __name__ does not match "debug_.*"
   nothing changed
2. replace source_labels=["path"] regex="/(.*)" target_label="page"
   "/x" of path matches "/(.*)"
   + page="x"
kept: {__name__="queue_size", page="x", path="/x"}
""")
        done = self.ask("relabel", "--job", "app", "--series", "--labels", '{__name__="debug_x"}')
        self.assertTrue(done.stdout.endswith("dropped\n"), done.stdout)
        self.assertEqual(self.ask("relabel", "--job", "app", "--labels", '{__address__="a:1"}').stdout.splitlines()[1], "the job has no such rules")
        done = self.ask("relabel", "--job", "no", "--labels", "{}")
        self.assertEqual((done.returncode, "not found" in done.stderr), (1, True))
        steps = json.loads(self.ask("relabel", "--job", "app", "--series", "--json", "--labels", '{__name__="debug_x"}').stdout)["steps"]
        self.assertEqual([step["keep"] for step in steps], [False, False])

    def test_the_prometheus_entrypoint_is_enough_for_most(self):
        done = doctor("metric", "queue_size", "--url", self.host.url)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = doctor("--json", "--url", self.host.url)
        checks = {line["check"]: line for line in json.loads(done.stdout)["checks"]}
        self.assertEqual(checks["targets"]["outcome"], "problem")
        self.assertIn("the web entrypoint shows them", checks["plugins"]["found"])


class Stopped(unittest.TestCase):
    def test_ports_that_another_program_has_are_named(self):
        host = Host("[plugin.samples]\n")
        self.addCleanup(host._own.cleanup)
        done = doctor("-c", host.config_file, "--plugin-dir", PLUGINS)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nobody listens at its addresses", done.stdout)
        with page_server([b""], host.prometheus_port):
            done = doctor("-c", host.config_file, "--plugin-dir", PLUGINS)
        self.assertIn("PROBLEM  host: it does not answer, and its ports are taken\n", done.stdout)
        self.assertRegex(done.stdout, rf"127.0.0.1:{host.prometheus_port} of entrypoint prometheus is python3\S* \(process {os.getpid()}\)'s")

    def test_an_entrypoint_without_tls_is_asked(self):
        host = Host("[plugin.samples]\n")
        self.addCleanup(host._own.cleanup)
        files = [f"--set=plugin.net.entrypoint.main.tls.{name}=nowhere.pem" for name in ("cert_file", "key_file")]
        done = doctor("-c", host.config_file, "--plugin-dir", PLUGINS, *files)
        self.assertIn(f"{host.url[7:]}: cannot connect: Connection refused", done.stdout)


class Discovery(unittest.TestCase):
    """In a network of its own, where that can be had: the test is about these programs, and disturbs no others."""

    @classmethod
    def setUpClass(cls):
        own_network.enter()

    def start(self, *command, cwd=None):
        process = subprocess.Popen([str(word) for word in command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)  # nginx takes its workers along

    def directory(self):
        directory = tempfile.TemporaryDirectory(prefix="tarsier-doctor-")
        self.addCleanup(directory.cleanup)
        return pathlib.Path(directory.name)

    def listening(self, port):
        wait_for(f"port {port}", lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None)

    def discover(self, *arguments):
        done = doctor("--discover", "--json", "--plugin-dir", PLUGINS, *arguments)
        return json.loads(done.stdout)

    def proposed(self, answer, title):
        return next((each for each in answer["suggestions"] if each["title"].startswith(title)), None)

    def test_programs_are_found_and_what_is_proposed_checks_and_works(self):
        redis, nginx, app, exporter = (free_port() for _ in range(4))
        folder = self.directory()
        if shutil.which("redis-server"):
            self.start("redis-server", "--port", redis, "--bind", "127.0.0.1", "--save", "", "--dir", folder)
            self.listening(redis)
        if shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"]):
            folder.joinpath("nginx.conf").write_text(f"daemon off; pid nginx.pid; error_log stderr; events {{}} http {{ access_log off; "
                                                     f"client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s; "
                                                     f"server {{ listen 127.0.0.1:{nginx}; }} }}")
            self.start("/usr/sbin/nginx", "-p", folder, "-c", "nginx.conf", "-e", "stderr", cwd=folder)
            self.listening(nginx)
        with contextlib.ExitStack() as stack:
            stack.enter_context(page_server([b"# TYPE orders_total counter\norders_total 3\n"], app))
            stack.enter_context(page_server([b"# TYPE pg_up gauge\npg_up 1\n"], exporter))
            found = self.discover()
            self.assertEqual(found["failures"], [])
            postgres = self.proposed(found, f"PostgreSQL exporter at 127.0.0.1:{exporter}")
            self.assertIn(f'targets = ["127.0.0.1:{exporter}"]', postgres["toml"])
            self.assertIsNotNone(self.proposed(found, f"metrics at 127.0.0.1:{app}"))
            self.assertIsNotNone(self.proposed(found, "this machine"))
            if shutil.which("redis-server"):
                self.assertIn("apt install prometheus-redis-exporter", self.proposed(found, f"Redis at 127.0.0.1:{redis}")["note"])
            if pathlib.Path("/usr/sbin/nginx").exists():
                self.assertIn("stub_status", self.proposed(found, f"nginx at 127.0.0.1:{nginx}")["note"])
            # All of it together, as it is printed.
            host = Host("[plugin.samples]\n[plugin.promql]\n[plugin.scrape]\nscrape_interval = '1s'\nscrape_timeout = '1s'\n")
            self.addCleanup(host._own.cleanup)
            text = doctor("--discover", "-c", host.config_file, "--plugin-dir", PLUGINS).stdout
            host.conf_dir.joinpath("found.toml").write_text(text)
            done = subprocess.run([TARSIER, "check", "-c", host.config_file, "--plugin-dir", PLUGINS], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + text)
            with host:
                wait_for("what the page showed", lambda: host.value("orders_total") == 3 and host.value('up{job="postgres"}') == 1)
                again = self.discover("-c", host.config_file)
                self.assertEqual(again["suggestions"], [])
                self.assertEqual(len(again["configured"]), text.count("[[plugin.scrape.job]]") + text.count("[plugin.node]"))

    @unittest.skipUnless(shutil.which("prometheus-node-exporter"), "needs prometheus-node-exporter")
    def test_a_real_exporter_is_told_by_its_page(self):
        port = free_port()
        self.start("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}")
        wait_for("the exporter", lambda: get(f"http://127.0.0.1:{port}/metrics")[0] == 200)
        proposal = self.proposed(self.discover(), f"node exporter at 127.0.0.1:{port}")
        self.assertRegex(proposal["why"], r"^the page of prometheus-node-exporter \(process \d+\) has node_cpu_seconds_total$")


if __name__ == "__main__":
    unittest.main()
