"""A disk that is full, as those see it who send metrics: told to come again, and everything arrives once there is room."""

import os
import subprocess
import time
import unittest
import urllib.error

from host import Host
from http2_test import EXPORT, Grpc, gauge, has_grpc
from own_mounts import may_mount
from peer import PLUGINS, post

MIB = 1 << 20


class SmallDisk:
    """A file system for the host's data, filled and emptied by the test."""

    def __init__(self, host, size_mib):
        self.folder = host.directory / "data"
        self.folder.mkdir()
        self.size_mib = size_mib

    def __enter__(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size_mib}m", "tarsier-test", self.folder], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self, leave=0):
        """Nothing else fits, but for `leave` bytes."""
        free = os.statvfs(self.folder)
        with open(self.folder / "ballast", "wb") as ballast:
            ballast.write(b"\0" * max(free.f_bavail * free.f_frsize - leave, 0))

    def empty(self):
        (self.folder / "ballast").unlink()


class Sender:
    """Sends numbered values of one series, each anew until it is taken, as the protocol wants it of a client."""

    def __init__(self, name, send):
        self.name, self._send = name, send
        self.begin_ns = time.time_ns() - 10**12
        self.sent = 0
        self.refused = None  # the number that was not taken yet

    def step(self):
        """Sends one; returns why it was refused, or None."""
        number = self.sent if self.refused is None else self.refused
        refusal = self._send(gauge(self.name, self.begin_ns + number * 10**6, float(number)))
        if refusal is None:
            self.sent, self.refused = max(self.sent, number + 1), None
        else:
            self.refused = number
        return refusal


@unittest.skipUnless(may_mount(), "mounting a small file system needs root")
class FullDisk(unittest.TestCase):
    def senders(self, host):
        def by_http(body):
            try:
                post(f"http://127.0.0.1:{host.otlp_http_port}/v1/metrics", body, content_type="application/x-protobuf")
                return None
            except urllib.error.HTTPError as refused:
                refused.read()
                return refused.code, refused.headers["Retry-After"]

        def by_grpc(body):
            code, text, _ = client.call(EXPORT, body)
            return None if code == "OK" else (code, text)

        senders = [Sender("by_http", by_http)]
        if has_grpc():
            client = self.enterContext(Grpc(host.otlp_grpc_port))
            senders.append(Sender("by_grpc", by_grpc))
        return senders

    def check(self, min_free, size_mib, leave):
        host = Host(PLUGINS)
        host.arguments += ["--set", f'host.storage.min_free="{min_free}"']
        self.addCleanup(host.close)
        with SmallDisk(host, size_mib) as disk:
            host.start()
            senders = self.senders(host)
            for sender in senders:
                for _ in range(20):
                    self.assertIsNone(sender.step())
            disk.fill(leave)
            refusals = {}
            for sender in senders:
                for _ in range(5000):  # what has room in pages that are there already is still taken
                    refusals[sender.name] = sender.step()
                    if refusals[sender.name]:
                        break
            code, retry_after = refusals["by_http"]
            self.assertEqual(code, 503, "to be sent again")
            self.assertGreaterEqual(int(retry_after), 1)
            if "by_grpc" in refusals:
                self.assertEqual(refusals["by_grpc"][0], "UNAVAILABLE", refusals)
            self.assertIn("by_http", str(host.api("label/__name__/values")), "what is there can be read")
            disk.empty()
            for sender in senders:
                deadline = time.monotonic() + 60
                while sender.step() is not None:
                    self.assertLess(time.monotonic(), deadline, "there is room again")
                    time.sleep(0.1)
                for _ in range(20):
                    self.assertIsNone(sender.step())
                self.assertEqual(host.value(f"count_over_time({sender.name}[1h])"), sender.sent, "nothing is missing, nothing is there twice")
                self.assertEqual(host.value(f"sum_over_time({sender.name}[1h])"), sum(range(sender.sent)))
            self.assertEqual(host.stop(), 0)
            host.start()
            for sender in senders:
                self.assertEqual(host.value(f"count_over_time({sender.name}[1h])"), sender.sent, "also after a restart")
            host.stop()

    def test_senders_come_again_when_there_is_no_room_at_all(self):
        self.check(min_free="0B", size_mib=48, leave=0)

    def test_senders_come_again_when_what_must_stay_free_is_reached(self):
        self.check(min_free="16MiB", size_mib=64, leave=15 * MIB)


if __name__ == "__main__":
    unittest.main()
