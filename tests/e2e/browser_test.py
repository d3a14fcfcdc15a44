"""Runs browser/page.test.mjs against a host that has collected for a few seconds."""

import os
import pathlib
import subprocess
import unittest

from first_path_test import EVERYTHING, RULES, Exporter
from host import Host, free_port, wait_for
from npm_packages import install

HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(os.environ.get("TARSIER_BROWSER_WORK", HERE / "../../build/release/browser-tests")).resolve()


class Browser(unittest.TestCase):
    def test_the_page_in_chromium(self):
        install(HERE / "browser", WORK, "page.test.mjs")
        with Exporter(free_port()) as exporter:
            rule = 'relabel_configs = [{ source_labels = ["__address__"], regex = ".*:(.*)", target_label = "port" }]\n'
            host = Host(EVERYTHING.replace("[plugin.rules]", rule + "[plugin.rules]"), exporter=exporter.port, hook=free_port())
            (host.directory / "rules").mkdir()
            (host.directory / "rules/test.yml").write_text(RULES)
            with host:
                wait_for("rates", lambda: host.query('rate(node_cpu_seconds_total{mode="idle"}[1m])'))
                environment = dict(os.environ, TARSIER_URL=host.main_url)
                run = subprocess.run(["node", "--test", "page.test.mjs"], cwd=WORK, env=environment, capture_output=True, text=True, timeout=300)
                self.assertEqual(run.returncode, 0, run.stdout[-8000:] + run.stderr[-4000:])


if __name__ == "__main__":
    unittest.main()
