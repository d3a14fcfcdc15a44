"""Configuration and plugins that change while the host runs."""

import contextlib
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from host import SOURCE, TARSIER, Host, free_port, get, wait_for

SMALL = """
[plugin.samples]
[plugin.promql]
[plugin.ui]
[plugin.node]
interval = "1s"
"""


def build_scaffold(directory, name, version="0.1.0"):
    """A plugin as a newcomer writes it: scaffold, build; returns the .so."""
    subprocess.run([TARSIER, "plugins", "new", name], cwd=directory, check=True, capture_output=True)
    source = pathlib.Path(directory) / name / f"{name}.cpp"
    source.write_text(source.read_text().replace('"0.1.0"', f'"{version}"'))
    build = pathlib.Path(directory) / f"build-{version}"
    subprocess.run(["cmake", "-S", source.parent, "-B", build, f"-Dtarsier_DIR={SOURCE}/sdk/cmake"], check=True, capture_output=True)
    subprocess.run(["cmake", "--build", build], check=True, capture_output=True)
    return build / f"lib/tarsier/plugins/{name}.so"


def drop(file, directory):
    """Puts a file into a watched directory in one step, as the guide says."""
    part = directory / ("." + file.name + ".part")
    shutil.copy(file, part)
    part.rename(directory / file.name)


class RuntimeInfo(unittest.TestCase):
    def test_it_says_when_the_configuration_was_loaded_and_whether_the_last_reload_was_taken(self):
        with Host(SMALL) as host:
            first = host.api("status/runtimeinfo")
            self.assertTrue(first["reloadConfigSuccess"])
            self.assertLessEqual(first["startTime"], first["lastConfigTime"])
            self.assertEqual(first["CWD"], str(host.directory))

            host.write_config(SMALL + 'intervall = "1s"\n')
            wait_for("the refusal", lambda: not host.api("status/runtimeinfo")["reloadConfigSuccess"])
            self.assertEqual(host.api("status/runtimeinfo")["lastConfigTime"], first["lastConfigTime"])

            wait_for("another second", lambda: host.api("status/runtimeinfo")["serverTime"] > first["lastConfigTime"])
            host.write_config(SMALL.replace('"1s"', '"2s"'))
            wait_for("the reload", lambda: host.api("status/runtimeinfo")["reloadConfigSuccess"])
            last = host.api("status/runtimeinfo")
            self.assertGreater(last["lastConfigTime"], first["lastConfigTime"])
            self.assertEqual(last["startTime"], first["startTime"])


class DropIn(unittest.TestCase):
    def test_a_plugin_and_its_toml_start_are_upgraded_and_leave_without_a_restart(self):
        with tempfile.TemporaryDirectory() as work, Host(SMALL) as host:
            pid = host.process.pid
            first = build_scaffold(work, "entries")
            drop(first, host.plugin_dir)
            (host.conf_dir / "entries.toml").write_text('[plugin.entries]\ninterval = "1s"\ndirectory = "/"\n')
            wait_for("its samples", lambda: (host.value("directory_entries") or 0) > 0)
            self.assertEqual(host.plugins()["entries"]["version"], "0.1.0")

            shutil.rmtree(pathlib.Path(work) / "entries")
            drop(build_scaffold(work, "entries", "0.2.0"), host.plugin_dir)
            wait_for("the upgrade", lambda: host.plugins()["entries"]["version"] == "0.2.0" and host.plugins()["entries"]["state"] == "running")

            (host.conf_dir / "entries.toml").unlink()
            wait_for("it to leave", lambda: "entries" not in host.plugins() or host.plugins()["entries"]["state"] in ("stopped", "disabled"))
            self.assertEqual(host.process.pid, pid)
            self.assertIsNone(host.process.poll())

    def test_a_file_that_is_no_plugin_is_refused_by_name_and_harms_nothing(self):
        with Host(SMALL) as host:
            (host.plugin_dir / "text.so").write_text("this is not a plugin")
            truncated = (TARSIER.parent.parent / "lib/tarsier/plugins/node.so").read_bytes()[:3000]
            (host.plugin_dir / "cut.so").write_bytes(truncated)
            wait_for("the refusals", lambda: "text.so" in host.log() and "cut.so" in host.log())
            self.assertEqual(get(host.url + "/-/healthy")[0], 200)
            self.assertEqual(host.plugins()["node"]["state"], "running")

    def test_an_upgrade_that_fails_is_rolled_back(self):
        with tempfile.TemporaryDirectory() as work, Host(SMALL) as host:
            good = build_scaffold(work, "entries")
            drop(good, host.plugin_dir)
            (host.conf_dir / "entries.toml").write_text('[plugin.entries]\ninterval = "1s"\n')
            wait_for("its samples", lambda: (host.value("directory_entries") or 0) > 0)
            broken = pathlib.Path(work) / "broken"
            broken.mkdir()
            (broken / "entries.so").write_bytes(good.read_bytes()[:5000])
            drop(broken / "entries.so", host.plugin_dir)
            wait_for("the refusal", lambda: re.search(r"entries.*(truncated|refus|not loaded|failed|kept|stays)", host.log()))
            self.assertEqual(host.plugins()["entries"]["state"], "running")


class Reload(unittest.TestCase):
    def test_series_of_an_instance_that_leaves_end_at_once(self):
        with Host(SMALL) as host:
            wait_for("samples", lambda: host.value("node_load1") is not None)
            host.write_config(SMALL.replace("[plugin.node]", "[plugin.node]\nenabled = false"))
            host.process.send_signal(signal.SIGHUP)
            wait_for("the stale marker", lambda: host.query("node_load1") == [] and host.query("up") == [])
            self.assertEqual(host.plugins()["node"]["state"], "disabled")
            host.write_config(SMALL)
            host.process.send_signal(signal.SIGHUP)
            wait_for("its return", lambda: host.value("node_load1") is not None)

    def test_requests_go_on_while_the_configuration_changes(self):
        with Host(SMALL) as host:
            wait_for("samples", lambda: host.value("node_load1") is not None)
            host.write_config(SMALL.replace('interval = "1s"', 'interval = "2s"'))
            request = urllib.request.Request(host.url + "/-/reload", method="POST")
            with urllib.request.urlopen(request) as response:
                self.assertEqual(response.status, 200)
            self.assertIn('interval = "2s"', host.api("status/config")["yaml"])
            self.assertEqual(host.plugins()["samples"]["restarts"], 0)

    def test_a_reload_that_does_not_check_changes_nothing_and_says_why(self):
        with Host(SMALL) as host:
            host.write_config(SMALL.replace('interval = "1s"', 'intervall = "1s"'))
            request = urllib.request.Request(host.url + "/-/reload", method="POST")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            text = refused.exception.read().decode()
            self.assertRegex(text, r"tarsier\.toml:\d+:\d+: plugin\.node\.intervall: .*interval")
            self.assertEqual({plugin["state"] for plugin in host.plugins().values()}, {"running"})
            before = host.log().count("intervall")
            host.process.send_signal(signal.SIGHUP)
            wait_for("the log line of SIGHUP", lambda: host.log().count("intervall") > before)
            self.assertIsNone(host.process.poll())

    def test_one_key_can_be_set_on_the_command_line_also_under_a_former_name(self):
        port = free_port()
        host = Host(SMALL)
        host.url = f"http://127.0.0.1:{port}"
        host.arguments += ["--set", f"plugin.http.entrypoint.prometheus.address=127.0.0.1:{port}"]
        with host:
            self.assertEqual(get(host.url + "/api/v1/status/buildinfo")[0], 200)


def not_ready(host):
    """What /-/ready says when it does not say 200."""
    try:
        get(host.url + "/-/ready")
        return None
    except urllib.error.HTTPError as refused:
        return f"{refused.code} {refused.read().decode()}"


class Readiness(unittest.TestCase):
    def test_who_does_not_run_is_named_until_it_does(self):
        with contextlib.closing(Host(SMALL + "[plugin.absent]\n")) as host:
            host.start(when="healthy")
            text = wait_for("its name", lambda: "absent" in (not_ready(host) or "") and not_ready(host))
            self.assertRegex(text, r'^503 Service Unavailable\nabsent: refused: no plugin "absent" is installed')
            self.assertEqual(get(host.url + "/-/healthy")[0], 200)
            host.write_config(SMALL)
            wait_for("it to be ready", lambda: not_ready(host) is None)


class Check(unittest.TestCase):
    def run_check(self, toml):
        with tempfile.TemporaryDirectory() as work:
            file = pathlib.Path(work) / "tarsier.toml"
            file.write_text(toml)
            return subprocess.run([TARSIER, "check", "-c", file], capture_output=True, text=True)

    def test_the_default_configuration_is_good(self):
        answer = subprocess.run([TARSIER, "check", "-c", SOURCE / "config/tarsier.toml"], capture_output=True, text=True)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_names_file_line_column_and_what_was_expected(self):
        cases = [
            ("[plugin.node]\ninterval = 15\n", r'tarsier\.toml:2:\d+: plugin\.node\.interval: expected a duration such as "15s", got 15'),
            ("[plugin.nod]\n", r"nod.*node"),
            ("[plugin.node\n", r"tarsier\.toml:1:"),
            ("[plugin.promql]\n", r"promql.*tarsier\.(samples\.store|http)/1"),
            ("[plugin.node]\nintervall = \"1s\"\n", r"intervall.*interval"),
            ('[plugin.net]\n[plugin.webhook]\nurl = "ftp://x"\n', r"tarsier\.toml:3:\d+: plugin\.webhook\.url: expected an http:// or https:// URL"),
            ('[plugin.net]\n[plugin.alerts]\nroute = { receiver = "nobody" }\n', r'receiver "nobody" is not among the receivers'),
            ('[plugin.node]\nisolation = "process"\n', r"child process are not part of this version"),
        ]
        for toml, expected in cases:
            with self.subTest(toml):
                answer = self.run_check(toml)
                self.assertEqual(answer.returncode, 1, answer.stdout + answer.stderr)
                self.assertRegex(answer.stdout + answer.stderr, expected)


if __name__ == "__main__":
    unittest.main()
