"""Plugin files that are replaced while the host is at work: nobody who asks it something notices."""

import http.client
import itertools
import json
import threading
import time
import unittest
import urllib.error

from host import PLUGINS, Host, free_port, get, wait_for
from reload_test import drop

BUSY = """
[plugin.net.entrypoint.node]
enabled = true
address = "127.0.0.1:{node}"
[plugin.samples]
[plugin.promql]
[plugin.ui]
[plugin.node]
interval = "1s"
[plugin.webhook]
url = "http://127.0.0.1:9/"
[plugin.alerts]
route = { receiver = "team" }
receivers = [{ name = "team", notifiers = ["webhook"] }]
[plugin.scrape]
[[plugin.scrape.job]]
job_name = "self"
scrape_interval = "1s"
scrape_timeout = "1s"
static_configs = [{ targets = ["127.0.0.1:{node}"] }]
"""


def busy_host():
    host = Host(BUSY, own_plugins=True, node=(port := free_port()))
    host.node_url = f"http://127.0.0.1:{port}"
    return host


class Clients:
    """Four that ask without a pause: queries, and scrapes as another Prometheus does them. Each answer must be what was asked for."""

    def __init__(self, host):
        now = time.time()
        series = f"{host.url}/api/v1/series?match[]=up"
        self.questions = [
            (f"{host.url}/api/v1/query?query=node_load1", '"status":"success"'),
            (f"{host.url}/api/v1/query?query=topk(2,rate(node_cpu_seconds_total[1m]))", '"status":"success"'),
            (f"{host.url}/api/v1/search/metric_names?search[]=LOAD&fuzz_threshold=50&case_sensitive=false", '"status":"success"'),
            (f"{host.node_url}/metrics", "node_cpu_seconds_total"),
            (f"{host.main_url}/prometheus/api/v1/query_range?query=up&start={now - 60}&end={now}&step=5", '"status":"success"'),
            (f"{host.main_url}/metrics", "tarsier_plugin_up"),
            (series, '"status":"success"'),
            (f"{host.main_url}/alertmanager/api/v2/status", "uptime"),
            (f"{host.main_url}/api/health", '"database":"ok"'),
        ]
        self.failures = []
        self.answers = 0
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(turn,), daemon=True) for turn in range(4)]

    def ask(self, turn):
        for url, expected in itertools.islice(itertools.cycle(self.questions), turn, None):
            if self.over.is_set():
                return
            try:
                body = get(url, timeout=30)[2].decode()
                failure = None if expected in body else f"{url}: {body[:200]}"
            except urllib.error.HTTPError as refused:
                failure = f"{url}: {refused.code} {refused.read()[:200]}"
            except (OSError, http.client.HTTPException) as broken:
                failure = f"{url}: {broken!r}"
            with self.lock:
                self.answers += 1
                if failure:
                    self.failures.append(failure)

    def more(self, count=20):
        """Waits for so many further answers."""
        before = self.answers
        wait_for(f"{count} answers", lambda: self.answers >= before + count)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)


def replaced(host, plugin):
    """How often the log says so."""
    lines = [json.loads(line) for line in host.log().splitlines() if line.startswith("{")]
    return sum(line.get("source") == plugin and line.get("message", "").startswith("replaced, ") for line in lines)


class Upgrades(unittest.TestCase):
    def replace(self, host, clients, plugins, rounds, install):
        for _ in range(rounds):
            for plugin in plugins:
                before = replaced(host, plugin)
                install(PLUGINS / f"{plugin}.so", host.plugin_dir)
                wait_for(f"{plugin} to be replaced", lambda: replaced(host, plugin) > before)
                clients.more()

    def test_no_request_fails_while_plugins_are_replaced(self):
        with busy_host() as host:
            wait_for("samples", lambda: host.value('up{job="self"}') == 1)
            with Clients(host) as clients:
                self.replace(host, clients, ["samples", "promql", "net"], 5, drop)
            self.assertEqual(clients.failures, [])
            self.assertEqual({plugin["state"] for plugin in host.plugins().values()}, {"running"})

    def test_no_request_fails_while_all_plugins_are_replaced_at_once(self):
        with busy_host() as host:
            wait_for("samples", lambda: host.value('up{job="self"}') == 1)
            with Clients(host) as clients:
                for _ in range(3):
                    before = replaced(host, "net")
                    for file in PLUGINS.glob("*.so"):
                        drop(file, host.plugin_dir)
                    wait_for("net to be replaced", lambda: replaced(host, "net") > before)
                    clients.more()
            self.assertEqual(clients.failures, [])

    def test_files_overwritten_in_place_are_upgrades_too(self):
        with busy_host() as host:
            wait_for("samples", lambda: host.value('up{job="self"}') == 1)
            pid = host.process.pid
            with Clients(host) as clients:

                def overwrite(file, directory):
                    """As plain `cp` does it: the file that is there is cut to nothing, and written anew."""
                    with open(directory / file.name, "wb", buffering=0) as copy:
                        clients.more(5)  # were it the file that is mapped, none of them would get an answer any more
                        copy.write(file.read_bytes())

                self.replace(host, clients, ["samples", "promql", "net", "node"], 5, overwrite)
            self.assertEqual(clients.failures, [])
            self.assertEqual(host.process.pid, pid)
            self.assertIsNone(host.process.poll())
            self.assertEqual(host.plugins()["net"]["file"], str(host.plugin_dir / "net.so"))

    def test_a_file_that_is_cut_off_while_it_is_copied_is_refused_by_name_until_it_is_whole(self):
        with busy_host() as host:
            wait_for("samples", lambda: host.value('up{job="self"}') == 1)
            whole = (PLUGINS / "promql.so").read_bytes()
            file = host.plugin_dir / "promql.so"
            with Clients(host) as clients:
                before = replaced(host, "promql")
                with open(file, "wb", buffering=0) as copy:
                    copy.write(whole[: len(whole) // 2])
                    wait_for("the refusal", lambda: f"{file}: the file is cut off" in host.log())
                    clients.more()
                    self.assertEqual(host.plugins()["promql"]["state"], "running")
                    copy.write(whole[len(whole) // 2 :])
                wait_for("the upgrade", lambda: replaced(host, "promql") > before)
                clients.more()
            self.assertEqual(clients.failures, [])


if __name__ == "__main__":
    unittest.main()
