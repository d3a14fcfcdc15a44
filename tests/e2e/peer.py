"""A Prometheus beside the program under test, and what both are sent."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

from host import api, free_port, get, wait_for
from wire import double, message, number, snappy, zigzag

PLUGINS = """
[plugin.remote-write-receiver]
[plugin.otlp-receiver]
[plugin.samples]
[plugin.promql]
"""


def prometheus_program():
    """TARSIER_PROMETHEUS, or Debian's."""
    return os.environ.get("TARSIER_PROMETHEUS") or shutil.which("prometheus")


def prometheus_major():
    """0 where there is none."""
    program = prometheus_program()
    if not program:
        return 0
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(re.search(r"version (\d+)\.", version.stdout + version.stderr).group(1))


needs_prometheus = unittest.skipUnless(prometheus_major() == 3, "needs Prometheus 3: TARSIER_PROMETHEUS=its program")


class Peer:
    """A Prometheus that takes what it is sent."""

    def __init__(self, config="{}", *arguments, features="native-histograms"):
        self.arguments = [f"--enable-feature={features}", *arguments]
        self.url = f"http://127.0.0.1:{free_port()}"
        self._directory = tempfile.TemporaryDirectory(prefix="tarsier-peer-")
        self.folder = pathlib.Path(self._directory.name)
        self.configure(config)

    def configure(self, config):
        self.folder.joinpath("prometheus.yml").write_text(config)

    def __enter__(self):
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [prometheus_program(), f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address={self.url[7:]}", "--web.enable-remote-write-receiver", *self.arguments], stdout=self.log, stderr=self.log)
        wait_for("prometheus", lambda: get(self.url + "/-/ready")[0] == 200, timeout=60)
        return self

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def api(self, path, **parameters):
        return api(self.url, path, **parameters)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self._directory.cleanup()


def post(url, body, **headers):
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.status, response.headers, response.read()


def labels(pairs):
    return b"".join(message(1, message(1, name), message(2, value)) for name, value in sorted(pairs.items()))


def histogram(at_ms, count, *buckets):
    deltas = [zigzag(now - before) for before, now in zip((0, *buckets), buckets)]
    return message(4, number(1, count), double(3, count * 1.5), number(4, zigzag(1)), double(5, 0.001), number(6, 0),
                   message(11, number(1, zigzag(2)), number(2, len(buckets))), *(number(12, delta) for delta in deltas), number(15, at_ms))


def write_request(series):
    """series: [(labels, [(time_ms, value)] or encoded histograms)]"""
    out = b""
    for pairs, rows in series:
        samples = rows if isinstance(rows, bytes) else b"".join(message(2, double(1, value), number(2, at)) for at, value in rows)
        out += message(1, labels(pairs), samples)
    return snappy(out)


def send(url, series):
    post(url + "/api/v1/write", write_request(series), content_type="application/x-protobuf", content_encoding="snappy",
         x_prometheus_remote_write_version="0.1.0")


def matrix(url, expression, at):
    query = urllib.parse.urlencode({"query": expression, "time": at})
    data = json.loads(get(f"{url}/api/v1/query?{query}", timeout=30)[2])["data"]
    return sorted(((entry["metric"], entry.get("values"), entry.get("histograms")) for entry in data["result"]), key=str)


def some_series(now_ms):
    start = now_ms - 250_000
    times = [start + i * 997 for i in range(250)]
    return [
        ({"__name__": "steady_total", "job": "a"}, [(at, i * 3.0) for i, at in enumerate(times)]),
        ({"__name__": "noise", "job": "a", "z": "1"}, [(at, (i * 7919 % 1000) / 7 - 50) for i, at in enumerate(times)]),
        ({"__name__": "noise", "job": "b"}, [(at, float("nan") if i % 5 == 0 else 1e300 / (i + 1)) for i, at in enumerate(times)]),
        ({"__name__": "rare", "job": "ü"}, [(start, -0.0), (now_ms, 1e-320)]),
    ]


def some_histograms(now_ms):
    times = [now_ms - 250_000 + i * 1000 for i in range(250)]
    rows = b"".join(histogram(at, 4 * (i % 100) + 6, i % 100 + 1, 2 * (i % 100) + 3, i % 100 + 2) for i, at in enumerate(times))
    return [({"__name__": "h", "job": "a"}, rows)]
