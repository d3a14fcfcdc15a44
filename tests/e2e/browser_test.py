"""Runs browser/page.test.mjs against a host that has collected for a few seconds."""

import os
import pathlib
import shutil
import subprocess
import unittest

from first_path_test import EVERYTHING, RULES, Exporter
from host import Host, free_port, wait_for

HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(os.environ.get("TARSIER_BROWSER_WORK", HERE / "../../build/release/browser-tests")).resolve()


def install():
    """playwright-core beside a copy of the tests, once."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "page.test.mjs"):
        shutil.copy(HERE / "browser" / name, WORK)
    installed, wanted = WORK / "node_modules/.package-lock.json", WORK / "package-lock.json"
    stamp = WORK / "installed-lock.json"
    if installed.exists() and stamp.exists() and stamp.read_bytes() == wanted.read_bytes():
        return
    subprocess.run(["npm", "ci", "--no-fund", "--no-audit", "--loglevel=error"], cwd=WORK, check=True)
    shutil.copy(wanted, stamp)


class Browser(unittest.TestCase):
    def test_the_page_in_chromium(self):
        install()
        with Exporter(free_port()) as exporter:
            host = Host(EVERYTHING, exporter=exporter.port, hook=free_port())
            (host.directory / "rules").mkdir()
            (host.directory / "rules/test.yml").write_text(RULES)
            with host:
                wait_for("rates", lambda: host.query('rate(node_cpu_seconds_total{mode="idle"}[1m])'))
                environment = dict(os.environ, TARSIER_URL=host.main_url)
                run = subprocess.run(["node", "--test", "page.test.mjs"], cwd=WORK, env=environment, capture_output=True, text=True, timeout=300)
                self.assertEqual(run.returncode, 0, run.stdout[-8000:] + run.stderr[-4000:])


if __name__ == "__main__":
    unittest.main()
