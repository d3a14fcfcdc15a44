"""From a list of targets to series: what discovery plugins find is relabelled, scraped, and gone when it is gone."""

import json
import unittest
import urllib.request

from host import Host, free_port, wait_for
from first_path_test import Exporter

CONFIG = """
[plugin.samples]
[plugin.promql]
[plugin.scrape]
scrape_interval = "1s"
scrape_timeout = "1s"
[[plugin.scrape.job]]
job_name = "found"
relabel_configs = [
  { source_labels = ["__meta_rack"], target_label = "rack" },
  { source_labels = ["rack"], regex = "hidden", action = "drop" },
]
"""

FILES = """
[plugin.discover-file]
[[plugin.discover-file.config]]
job_name = "found"
files = ["targets/*.json"]
"""


def host_with_folder():
    host = Host(CONFIG + FILES)
    (host.directory / "targets").mkdir()
    return host


def reload(host):
    urllib.request.urlopen(urllib.request.Request(host.url + "/-/reload", method="POST"), timeout=30).close()


class FromFiles(unittest.TestCase):
    def write(self, host, name, *groups):
        fresh = host.directory / "targets" / (name + ".new")
        fresh.write_text(json.dumps([{"targets": targets, "labels": labels} for targets, labels in groups]))
        fresh.rename(fresh.with_suffix(""))

    def targets(self, host):
        return {(target["labels"]["instance"], target["labels"].get("rack")): target["health"] for target in host.api("targets")["activeTargets"]}

    def test_targets_come_and_go_with_the_file(self):
        with Exporter(free_port()) as exporter, host_with_folder() as host:
            address = f"127.0.0.1:{exporter.port}"
            self.write(host, "a.json", ([address], {"__meta_rack": "7"}), (["127.0.0.1:1"], {"__meta_rack": "hidden"}))
            wait_for("the exporter", lambda: self.targets(host) == {(address, "7"): "up"})
            self.assertEqual(host.api("targets")["droppedTargetCounts"], {"found": 1})
            found = host.api("targets")["activeTargets"][0]["discoveredLabels"]
            self.assertTrue(found["__meta_filepath"].endswith("targets/a.json"), found)
            wait_for("its series", lambda: host.query('node_load1{rack="7"}'))
            self.write(host, "b.json", (["127.0.0.1:2"], {}))
            wait_for("a second source", lambda: set(self.targets(host)) == {(address, "7"), ("127.0.0.1:2", None)})
            (host.directory / "targets/a.json").unlink()
            wait_for("the first to go", lambda: set(self.targets(host)) == {("127.0.0.1:2", None)})
            wait_for("the end of its series", lambda: not host.query('node_load1{rack="7"}'))

    def test_they_are_there_after_a_restart_and_a_reload(self):
        with host_with_folder() as host:
            self.write(host, "a.json", (["127.0.0.1:1"], {}))
            there = lambda: set(self.targets(host)) == {("127.0.0.1:1", None)}
            wait_for("the target", there)
            host.stop()
            host.start()
            wait_for("the target again", there)
            host.write_config(CONFIG)
            reload(host)
            wait_for("it to go with the plugin", lambda: not self.targets(host))
            host.write_config(CONFIG + FILES)
            reload(host)
            wait_for("it to come with the plugin", there)


if __name__ == "__main__":
    unittest.main()
