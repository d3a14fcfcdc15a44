"""`tarsier check` on files that a person wrote: what it finds, where, and its exit code."""

import subprocess
import unittest
import urllib.error
import urllib.request

from host import TARSIER, Host, get, wait_for

CONFIG = """
[plugin.samples]
[plugin.promql]
[plugin.rules]
rule_files = ["rules.yml"]
"""

GOOD = """groups:
  - name: node
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: |
          up == 0
            and on (job) job:up:sum > 1
        for: 5m
        labels: { severity: "{{ if gt $value 1.0 }}page{{ else }}mail{{ end }}" }
        annotations: { summary: "{{ $labels.job }} is down" }
"""


def check(host, *arguments):
    plugins = TARSIER.parent.parent / "lib/tarsier/plugins"
    return subprocess.run([TARSIER, "check", "-c", host.config_file, "--plugin-dir", plugins, *arguments], capture_output=True, text=True, timeout=60)


class RuleFiles(unittest.TestCase):
    def setUp(self):
        self.host = Host(CONFIG)
        self.file = self.host.directory / "rules.yml"
        self.addCleanup(self.host._own.cleanup)

    def check(self, text):
        self.file.write_text(text)
        return check(self.host)

    def assert_finds(self, text, *findings):
        done = self.check(text)
        self.assertEqual(done.returncode, 1, done.stdout)
        for finding in findings:
            self.assertIn(f"{self.file}:{finding}", done.stdout.splitlines())

    def test_a_good_file_checks(self):
        done = self.check(GOOD)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(done.stdout.startswith("ok: "), done.stdout)

    def test_every_mistake_is_named_with_its_line_and_column(self):
        self.assert_finds(
            GOOD.replace("> 1\n", "> > 1\n").replace("5m", "5 minutes").replace("$labels.job", "$label.job"),
            '9:39: group "node", rule "Down": parse error: unexpected <op:>>',
            '10:14: for: not a valid duration string: "5 minutes"',
            '12:37: annotations "summary": undefined variable "$label"',
        )

    def test_types_of_expressions_are_checked(self):
        self.assert_finds(
            GOOD.replace("(up)", "(rate(up))"),
            '5:34: group "node", rule "job:up:sum": parse error: expected type range vector in call to function "rate", got instant vector',
        )

    def test_a_group_that_is_there_twice_is_refused(self):
        self.assert_finds(GOOD + "  - name: node\n", '13:5: groupname: "node" is repeated in the same file')

    def test_yaml_that_is_broken_is_refused(self):
        done = self.check("groups:\n  - name: [\n")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, rf"{self.file}:3:1: ")

    def test_rules_that_write_the_same_series_are_a_warning(self):
        done = self.check(GOOD + "      - { record: 'job:up:sum', expr: up }\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f'{self.file}:13:9: group "node", rule "job:up:sum" has the name and labels of the rule at line 4', done.stderr)

    def test_a_file_that_does_not_check_is_refused_by_start_and_reload_alike(self):
        self.file.write_text(GOOD)
        self.host.write_config(CONFIG + "[plugin.ui]\n")
        with self.host as host:
            self.file.write_text(GOOD.replace("> 1\n", "> > 1\n"))
            finding = f'{self.file}:9:39: group "node", rule "Down": parse error: unexpected <op:>>'
            wait_for("the refusal of the changed file", lambda: finding in host.log().replace('\\"', '"'))
            rules = host.plugins()["rules"]
            self.assertEqual(rules["state"], "degraded")
            self.assertIn("the earlier rules stay", rules["reason"])
            self.assertIn(b"job:up:sum", get(host.url + "/api/v1/rules")[2])
            reload = urllib.request.Request(host.url + "/-/reload", method="POST")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(reload)
            self.assertEqual(refused.exception.code, 500)
            self.assertIn(finding, refused.exception.read().decode())
            self.file.write_text(GOOD)
            wait_for("the mended file", lambda: host.plugins()["rules"]["state"] == "running")
            with urllib.request.urlopen(reload) as taken:
                self.assertEqual(taken.status, 200)
            self.file.write_text(GOOD.replace("> 1\n", "> > 1\n"))
            host.stop()
            host.start("healthy")  # not ready: the rules did not start
            wait_for("the refusal at the start", lambda: host.plugins()["rules"].get("reason"))
            self.assertIn(finding, host.plugins()["rules"]["reason"])


ALERTS = """
[plugin.webhook]
url = "http://127.0.0.1:1/"
[plugin.alerts]
route.receiver = "team"
receivers = [{ name = "team", notifiers = ["NOTIFIER"] }]
"""


class Receivers(unittest.TestCase):
    """A receiver that names a notifier which does not exist would tell nobody, and be found out by the first alert."""

    def test_that_name_no_notifier_are_refused_by_check_reload_and_start_alike(self):
        with Host(ALERTS.replace("NOTIFIER", "webhook")) as host:
            self.assertEqual(check(host).returncode, 0)
            host.write_config(ALERTS.replace("NOTIFIER", "webhok"))
            lines = host.config_file.read_text().splitlines()
            line = next(number for number, text in enumerate(lines, 1) if "webhok" in text)
            finding = f"{host.config_file}:{line}:{lines[line - 1].index('webhok')}: plugin.alerts.receivers[0].notifiers[0]: expected an instance"
            done = check(host)
            self.assertEqual(done.returncode, 1)
            self.assertIn(finding, done.stdout)
            self.assertIn('did you mean "webhook"?', done.stdout)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(host.url + "/-/reload", method="POST"))
            self.assertEqual(refused.exception.code, 500)
            self.assertIn(finding, refused.exception.read().decode())
            self.assertEqual(get(f"http://127.0.0.1:{host.alertmanager_port}/api/v2/status")[0], 200)
            host.stop()
            started = subprocess.run([TARSIER, "run", "-c", host.config_file], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(started.returncode, 0)
            self.assertIn(finding, started.stderr)


class Headers(unittest.TestCase):
    """A value that would begin a header of its own is refused where it is written, and not shown: it may be a secret."""

    def assert_refused(self, config, where, what):
        host = Host(config)
        self.addCleanup(host._own.cleanup)
        done = check(host)
        self.assertEqual(done.returncode, 1, done.stdout)
        line = next(number for number, text in enumerate(host.config_file.read_text().splitlines(), 1) if where in text)
        self.assertRegex(done.stdout, rf"tarsier.toml:{line}:\d+: .*{what}")
        self.assertNotIn("Evil", done.stdout)

    def test_of_a_scrape_job(self):
        job = '[plugin.samples]\n[plugin.scrape]\n[[plugin.scrape.job]]\njob_name = "a"\n'
        self.assert_refused(job + 'http_headers.X-Scope.values = [\n"good",\n"a\\r\\nEvil: b"]\n', "Evil", "the value of header X-Scope must not have line breaks")
        self.assert_refused(job + 'http_headers."X Scope".values = ["a"]\n', "X Scope", "not a header's name")
        self.assert_refused(job + 'authorization.credentials = "a\\nEvil: b"\n', "Evil", "credentials must not have line breaks")

    def test_of_a_webhook(self):
        self.assert_refused('[plugin.webhook]\nurl = "http://127.0.0.1:1/"\nauthorization = "a\\nEvil: b"\n', "Evil", "must not have line breaks")


if __name__ == "__main__":
    unittest.main()
