"""What the host tells of itself over the Prometheus API: its metrics as JSON, the configuration of a job, and what changes while one listens."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from host import SOURCE, TARSIER, Host, get, wait_for

CONFIG = """
[plugin.samples]
retention = "14d"
retention_size = "1536MiB"
[plugin.promql]
[plugin.scrape]
[[plugin.scrape.job]]
job_name = "guarded"
scrape_interval = "1s"
scrape_timeout = "1s"
basic_auth = { username = "reader", password = "never to be shown" }
static_configs = [{ targets = ["127.0.0.1:1"] }]
"""


class Memory(unittest.TestCase):
    """The heap is of huge pages where the system has them for who asks, unless it is told otherwise."""

    def tunables_of(self, environment):
        with tempfile.TemporaryDirectory() as directory:
            config = pathlib.Path(directory, "tarsier.toml")
            config.write_text("")
            command = [TARSIER, "run", "-c", str(config), "--data-dir", directory + "/data"]
            with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True) as host:
                wait_for("the host", lambda: "is ready" in host.stderr.readline())
                own = pathlib.Path(f"/proc/{host.pid}/environ").read_bytes().split(b"\0")
                name = pathlib.Path(f"/proc/{host.pid}/comm").read_text().strip()
                host.send_signal(signal.SIGTERM)
                host.stderr.read()
                self.assertEqual(host.wait(30), 0)
        self.assertEqual(name, "tarsier")
        return [each.removeprefix(b"GLIBC_TUNABLES=").decode() for each in own if b"glibc.malloc." in each]  # glibc cuts the text where its colons are

    def test_huge_pages_are_asked_for(self):
        if "[madvise]" not in pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text():
            self.skipTest("the system gives huge pages to all or to none")
        self.assertEqual(self.tunables_of({"GLIBC_TUNABLES": "glibc.malloc.perturb=0"}), ["glibc.malloc.perturb=0", "glibc.malloc.hugetlb=1"])

    @unittest.skipUnless(os.geteuid() == 0, "only root gives a file capabilities")
    def test_a_program_with_capabilities_begins_once(self):
        with tempfile.TemporaryDirectory() as directory:
            program = shutil.copy(TARSIER, directory)
            os.chmod(directory, 0o755)
            bind_service = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)  # cap_net_bind_service, effective
            os.setxattr(program, "security.capability", bind_service)
            done = subprocess.run([program, "run", "--help"], capture_output=True, text=True, timeout=20, user=65534, group=65534, extra_groups=[])
            self.assertEqual((done.returncode, "Usage" in done.stdout or "run" in done.stdout), (0, True), done.stderr)

    def test_who_says_something_of_them_is_heard(self):
        self.assertEqual(self.tunables_of({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}), ["glibc.malloc.hugetlb=0"])


class Status(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(CONFIG).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.host.close()

    def refusal(self, path, **parameters):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            get(f"{self.host.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        return refused.exception.code, json.loads(refused.exception.read())["error"]

    def test_own_metrics_are_those_of_the_page(self):
        get(self.host.main_url + "/metrics")  # the network's counters are those of the page before
        families = {family["name"]: family for family in self.host.api("status/self_metrics")}
        page = get(self.host.main_url + "/metrics")[2].decode()
        shown = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE ")}
        self.assertEqual(set(families), shown)
        build = families["tarsier_build_info"]
        self.assertEqual((build["type"], build["metric"][0]["gauge"]), ("GAUGE", {"value": 1}))

    def test_a_pattern_of_own_metrics_is_anchored(self):
        found = self.host.api("status/self_metrics", metric_name_pattern="tarsier_build_.*")
        self.assertEqual([family["name"] for family in found], ["tarsier_build_info"])
        self.assertEqual(self.host.api("status/self_metrics", metric_name_pattern="build"), [])
        code, text = self.refusal("status/self_metrics", metric_name_pattern="(")
        self.assertEqual(code, 400)
        self.assertIn("invalid metric_name_pattern", text)

    def test_the_configuration_of_a_job_has_its_defaults_and_no_secrets(self):
        toml = self.host.api("scrape_pools/config", scrapePool="guarded")["yaml"]
        for line in ('job_name = "guarded"', 'metrics_path = "/metrics"', 'username = "reader"', 'password = "<secret>"'):
            self.assertIn(line, toml.splitlines())
        self.assertNotIn("never to be shown", toml)
        self.assertEqual(self.refusal("scrape_pools/config", scrapePool="x"),
                         (400, 'error retrieving scrape config: scrape pool "x" not found'))

    def test_the_version_is_that_of_the_build_information(self):
        self.assertEqual(json.loads(get(self.host.url + "/version")[2]), self.host.api("status/buildinfo"))

    def test_the_retention_is_that_of_the_store(self):
        flags = self.host.api("status/flags")
        self.assertEqual((flags["storage.tsdb.retention.time"], flags["storage.tsdb.retention.size"]), ("2w", "1GiB512MiB"))
        self.assertEqual(self.host.api("status/runtimeinfo")["storageRetention"], "2w or 1GiB512MiB")

    def test_the_lifecycle_is_told_to_be_on_when_all_of_it_is_there(self):
        answers = {}
        for path in ("/-/reload", "/-/quit"):
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.host.prometheus_port, timeout=20)) as connection:
                connection.request("POST", path)
                answers[path] = connection.getresponse().status
        self.assertEqual(answers["/-/reload"], 200)
        all_there = all(code == 200 for code in answers.values())
        self.assertEqual(self.host.api("status/flags")["web.enable-lifecycle"], "true" if all_there else "false", answers)

    def test_the_build_information_names_the_commit(self):
        build = self.host.api("status/buildinfo")
        if not (SOURCE / ".git").exists():
            self.assertEqual((build["revision"], build["buildDate"]), ("", ""))
            return
        git = ["git", "-C", SOURCE, "show", "-s", "--format=%H %cd", "--date=format-local:%Y%m%d-%H:%M:%S", build["revision"]]
        known = subprocess.run(git, env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual([build["revision"], build["buildDate"]], known)

    def test_a_timeout_of_nothing_is_over_at_once(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            get(f"{self.host.url}/api/v1/query?query=up&timeout=0")
        self.assertEqual((refused.exception.code, json.loads(refused.exception.read())["errorType"]), (503, "timeout"))


class Notifications(unittest.TestCase):
    def event(self, stream):
        for line in stream:
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return self.fail("the stream ended")

    def test_who_listens_is_connected_at_once_and_hears_what_begins_and_what_is_over(self):
        with Host(CONFIG) as host, urllib.request.urlopen(host.url + "/api/v1/notifications/live", timeout=20) as stream:
            self.assertEqual(stream.headers["content-type"], "text/event-stream")
            good = host.config_file.read_text()
            host.config_file.write_text(good + "\nx = [")
            host.process.send_signal(signal.SIGHUP)
            begun = self.event(stream)
            self.assertEqual((begun["text"], begun["active"]), ("Configuration reload has failed.", True))
            self.assertEqual(host.api("notifications"), [begun])
            host.config_file.write_text(good)
            host.process.send_signal(signal.SIGHUP)
            self.assertEqual(self.event(stream), {**begun, "active": False})

    def test_a_stop_does_not_wait_for_who_listens(self):
        host = Host(CONFIG)
        with host, urllib.request.urlopen(host.url + "/api/v1/notifications/live", timeout=20) as stream:
            wait_for("the first line", lambda: stream.readline() == b":\n")
            self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    unittest.main()
