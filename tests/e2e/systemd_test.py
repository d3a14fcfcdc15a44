"""The service as systemd sees it: the unit file, and what the program says on $NOTIFY_SOCKET (sd_notify(3))."""

import contextlib
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from host import SOURCE, TARSIER, Host, get, wait_for

UNIT = SOURCE / "packaging/systemd/tarsier.service"


class Unit(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_is_one_that_systemd_understands(self):
        with tempfile.TemporaryDirectory() as work:
            unit = pathlib.Path(work) / UNIT.name
            unit.write_text(UNIT.read_text().replace("/usr/bin/tarsier", str(TARSIER)))
            answer = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
            self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (0, "", ""))

    def test_asks_for_what_the_program_does(self):
        lines = UNIT.read_text().splitlines()
        for line in ("Type=notify", "WatchdogSec=30s", "ExecReload=/bin/kill -HUP $MAINPID"):
            self.assertIn(line, lines)


class Manager:
    """systemd's end of the socket."""

    def __init__(self, directory):
        self.path = str(pathlib.Path(directory) / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(30)

    def next(self, *besides):
        """The next message that is none of `besides`, as a dictionary."""
        while True:
            message = self.socket.recv(4096).decode()
            if message not in besides:
                return dict(line.split("=", 1) for line in message.splitlines())

    def close(self):
        self.socket.close()


class Notify(unittest.TestCase):
    def test_tells_the_manager_of_start_life_reload_and_stop(self):
        with tempfile.TemporaryDirectory() as work, contextlib.closing(Manager(work)) as manager, contextlib.closing(Host("[plugin.ui]\n")) as host:
            host.environment = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"}
            host.start()
            alive = "WATCHDOG=1"
            self.assertEqual(manager.next(alive), {"READY": "1", "STATUS": "all plugins run"})
            self.assertEqual(get(host.url + "/-/ready")[0], 200)
            for _ in range(3):
                self.assertEqual(manager.next(), {"WATCHDOG": "1"})
            host.process.send_signal(signal.SIGHUP)
            reloading = manager.next(alive)
            self.assertEqual(reloading["RELOADING"], "1")
            self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
            self.assertEqual(manager.next(alive), {"READY": "1", "STATUS": "all plugins run"})
            host.process.send_signal(signal.SIGTERM)
            self.assertEqual(manager.next(alive), {"STOPPING": "1"})
            self.assertEqual(host.process.wait(30), 0)

    def test_names_who_does_not_run_until_it_does_and_is_silent_of_life_when_nobody_asked(self):
        with tempfile.TemporaryDirectory() as work, contextlib.closing(Manager(work)) as manager, contextlib.closing(Host("[plugin.ui]\n")) as host:
            host.environment = {"NOTIFY_SOCKET": manager.path}
            with socket.create_server(("127.0.0.1", host.main_port)):
                host.start(wait=False)
                ready = manager.next()
                self.assertEqual(ready["READY"], "1")
                self.assertRegex(ready["STATUS"], r"^net failed: start: .*Address already in use")
                wait_for("the line of the log", lambda: " ms, but net failed: start: " in host.log())
            status = manager.next()
            while status != {"STATUS": "all plugins run"}:
                self.assertEqual(list(status), ["STATUS"])
                status = manager.next()
            host.process.send_signal(signal.SIGTERM)
            self.assertEqual(manager.next(), {"STOPPING": "1"})


if __name__ == "__main__":
    unittest.main()
