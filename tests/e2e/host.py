"""A Tarsier of its own for a test: a temporary directory, free ports, ready when the `with` block begins, and gone after it."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TARSIER = pathlib.Path(os.environ.get("TARSIER", SOURCE / "build/release/bin/tarsier"))
PLUGINS = TARSIER.parent.parent / "lib/tarsier/plugins"


def free_ports(count):
    """All different, and below those that the kernel gives to outgoing connections, so that no test beside this one takes one before it is listened on."""
    with contextlib.ExitStack() as held:
        ports = []
        while len(ports) < count:
            s = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                s.bind(("127.0.0.1", random.randrange(10240, 32768)))
                ports.append(s.getsockname()[1])
        return ports


def free_port():
    return free_ports(1)[0]


def wait_for(what, condition, timeout=30.0):
    """Returns the first true value of condition(); fails with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, urllib.error.URLError, ValueError, KeyError) as failure:
            last = failure
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout:.0f} s for {what}; last seen: {last!r}")


def get(url, timeout=10.0, headers=None):
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return response.status, dict(response.headers), response.read()


def api(url, path, **parameters):
    """The data of a successful answer of the Prometheus API."""
    query = "?" + urllib.parse.urlencode(parameters, doseq=True) if parameters else ""
    answer = json.loads(get(f"{url}/api/v1/{path}{query}")[2])
    assert answer["status"] == "success", answer
    return answer["data"]


class Host:
    """`config` is TOML after the [host] and [plugin.net] sections, which are made here; in it {name} stands for keyword arguments. With
    `own_plugins` it runs copies of all plugin files, in its own watched directory."""

    def __init__(self, config="", directory=None, own_plugins=False, **values):
        self._own = tempfile.TemporaryDirectory(prefix="tarsier-e2e-") if directory is None else None
        self.directory = pathlib.Path(directory or self._own.name)
        self.main_port, self.prometheus_port, self.alertmanager_port, self.otlp_grpc_port, self.otlp_http_port = free_ports(5)
        self.url = f"http://127.0.0.1:{self.prometheus_port}"
        self.main_url = f"http://127.0.0.1:{self.main_port}"
        self.alertmanager_url = f"http://127.0.0.1:{self.alertmanager_port}"
        self.config_file = self.directory / "tarsier.toml"
        self.plugin_dir = self.directory / "plugins"
        self.conf_dir = self.directory / "conf.d"
        self.plugin_dir.mkdir(exist_ok=True)
        self.conf_dir.mkdir(exist_ok=True)
        self.log_file = self.directory / "log"
        self.process = None
        self.environment = {}
        self.arguments = [] if own_plugins else ["--plugin-dir", PLUGINS]
        for file in PLUGINS.glob("*.so") if own_plugins else []:
            shutil.copy(file, self.plugin_dir)
        self.write_config(config, **values)

    def write_config(self, config, **values):
        for name, value in values.items():
            config = config.replace("{" + name + "}", str(value))
        config = config.replace("{url}", self.url)
        text = f"""
[host]
data_dir = "data"
include = ["conf.d/*.toml"]
[plugin.net.entrypoint.main]
address = "127.0.0.1:{self.main_port}"
[plugin.net.entrypoint.prometheus]
address = "127.0.0.1:{self.prometheus_port}"
[plugin.net.entrypoint.alertmanager]
address = "127.0.0.1:{self.alertmanager_port}"
[plugin.net.entrypoint.otlp-grpc]
address = "127.0.0.1:{self.otlp_grpc_port}"
[plugin.net.entrypoint.otlp-http]
address = "127.0.0.1:{self.otlp_http_port}"
{config}
"""
        fresh = self.config_file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.config_file)

    def start(self, when="ready", wait=True):
        log = open(self.log_file, "ab")
        arguments = [TARSIER, "run", "-c", self.config_file, *self.arguments, "--plugin-dir", self.plugin_dir]
        self.process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=self.directory, env={**os.environ, **self.environment})
        log.close()
        if wait:
            wait_for(f"the host to be {when}", lambda: self.answers(f"/-/{when}"))
        return self

    def answers(self, path):
        if self.process.poll() is not None:
            raise AssertionError(f"the host ended with {self.process.returncode}:\n{self.log()}")
        return get(self.url + path, timeout=2)[0] == 200

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._own is not None:
            with contextlib.suppress(OSError):
                self._own.cleanup()

    def log(self):
        return self.log_file.read_text(errors="replace")

    def api(self, path, **parameters):
        return api(self.url, path, **parameters)

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        return [(entry["metric"], float(entry["value"][1])) for entry in self.api("query", query=expression)["result"]]

    def value(self, expression):
        """The one value of an instant query, or None."""
        result = self.query(expression)
        return result[0][1] if len(result) == 1 else None

    def plugins(self):
        """{instance: entry} as the plugins page sees it."""
        return {entry["instance"]: entry for entry in json.loads(get(self.main_url + "/api/plugins")[2])}
