"""The client by HTTP/2 against a real nginx, as its access log shows it."""

import collections
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from certificates import Authority
from host import Host, free_port, get, wait_for
from peer import Peer, needs_prometheus

NGINX = shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"])
CONFIG = """
daemon off; pid nginx.pid; error_log error.log; worker_processes 1; {worker}
events {{ worker_connections 1024; }}
http {{
  log_format short '$server_protocol $connection $status $uri $http_user_agent';
  access_log access.log short;
  default_type 'text/plain; version=0.0.4';
  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate}; ssl_certificate_key {certificate};
    {more}
    root pages;
  }}
}}
"""
PLUGINS = "[plugin.samples]\n[plugin.promql]\n"
Request = collections.namedtuple("Request", "protocol connection status path agent")


class Nginx:
    def __init__(self, authority, more="", pages=1):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._directory = tempfile.TemporaryDirectory(prefix="tarsier-nginx-")
        self.folder = pathlib.Path(self._directory.name)
        certificate = self.folder / "server.pem"
        authority.sign(certificate, "nginx")
        self.folder.joinpath("pages").mkdir()
        for i in range(pages):
            self.folder.joinpath("pages", f"metrics{i or ''}").write_text(f"# TYPE page gauge\npage {i}\n")
        # A test that is root's must let the workers read its own files.
        self.folder.joinpath("nginx.conf").write_text(
            CONFIG.format(port=self.port, certificate=certificate, more=more, worker="user root;" if os.geteuid() == 0 else ""))

    def __enter__(self):
        self.process = subprocess.Popen([NGINX, "-p", self.folder, "-c", "nginx.conf", "-e", "stderr"], cwd=self.folder)
        wait_for("nginx", lambda: self.folder.joinpath("nginx.pid").read_text().strip())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self._directory.cleanup()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def requests(self, agent="Tarsier"):
        lines = self.folder.joinpath("access.log").read_text().splitlines()
        return [request for request in (Request(*line.split(" ", 4)) for line in lines) if request.agent.startswith(agent)]


def job(authority, nginx, more="", paths=("/metrics",), interval="1s"):
    text = f'[plugin.scrape]\nscrape_interval = "{interval}"\nscrape_timeout = "{interval}"\n'
    targets = ", ".join(f'{{ targets = ["{nginx.address}"], labels = {{ __metrics_path__ = "{path}", path = "{path}" }} }}' for path in paths)
    return text + f"""
[[plugin.scrape.job]]
job_name = "nginx"
scheme = "https"
static_configs = [{targets}]
tls_config = {{ ca_file = "{authority.certificate}" }}
{more}
"""


@unittest.skipUnless(NGINX, "needs nginx")
class Http2Client(unittest.TestCase):
    def setUp(self):
        self.authority = Authority()
        self.addCleanup(self.authority.close)

    def test_scrapes_go_by_http2_unless_the_key_says_no(self):
        for more, protocol in (("", "HTTP/2.0"), ("enable_http2 = true", "HTTP/2.0"), ("enable_http2 = false", "HTTP/1.1")):
            with self.subTest(more), Nginx(self.authority) as nginx, Host(PLUGINS + job(self.authority, nginx, more)) as host:
                wait_for("a scrape", lambda: host.value("up") == 1 and len(nginx.requests()) >= 3)
                self.assertEqual({request.protocol for request in nginx.requests()}, {protocol})
                self.assertEqual(len({request.connection for request in nginx.requests()}), 1)

    def test_an_older_server_is_spoken_to_as_before(self):
        with Nginx(self.authority) as nginx:
            file = nginx.folder / "nginx.conf"
            file.write_text(file.read_text().replace(" ssl http2;", " ssl;"))
            nginx.reload()
            with Host(PLUGINS + job(self.authority, nginx, interval="500ms")) as host:
                wait_for("scrapes", lambda: host.value("up") == 1 and len(nginx.requests()) >= 4)
                self.assertEqual(nginx.requests()[-1].protocol, "HTTP/1.1")

    def test_a_hundred_targets_of_a_server_share_a_connection(self):
        with Nginx(self.authority, "keepalive_requests 100000;", pages=100) as nginx:
            paths = [f"/metrics{i or ''}" for i in range(100)]
            with Host(PLUGINS + job(self.authority, nginx, paths=paths)) as host:
                wait_for("all targets", lambda: host.value("sum(up)") == 100 and host.value("sum(page)") == sum(range(100)))
                wait_for("further rounds", lambda: len(nginx.requests()) >= 500)
                self.assertEqual(len({request.connection for request in nginx.requests()}), 1)
                self.assertEqual({(request.protocol, request.status) for request in nginx.requests()}, {("HTTP/2.0", "200")})

    def test_no_scrape_fails_while_the_server_reloads_and_ends_connections(self):
        with Nginx(self.authority, "keepalive_requests 20;", pages=20) as nginx:
            paths = [f"/metrics{i or ''}" for i in range(20)]
            with Host(PLUGINS + job(self.authority, nginx, paths=paths, interval="500ms")) as host:
                wait_for("all targets", lambda: host.value("sum(up)") == 20)
                begun = time.time()
                for _ in range(8):
                    before = len(nginx.requests())
                    nginx.reload()
                    wait_for("another round", lambda: len(nginx.requests()) >= before + 30)
                self.assertEqual(host.value(f"min(min_over_time(up[{int(time.time() - begun) + 1}s]))"), 1.0)
                self.assertGreater(len({request.connection for request in nginx.requests()}), 10)
                self.assertEqual({request.protocol for request in nginx.requests()}, {"HTTP/2.0"})

    def test_a_discovery_and_remote_write_have_the_key(self):
        with Nginx(self.authority, "location /write { return 204; }") as nginx:
            nginx.folder.joinpath("pages", "targets").write_text("[]")
            tls = f'tls_config = {{ ca_file = "{self.authority.certificate}" }}'
            for key, discovery, writing in (("", "HTTP/2.0", "HTTP/1.1"), ("enable_http2 = false", "HTTP/1.1", "HTTP/1.1"), ("enable_http2 = true", "HTTP/2.0", "HTTP/2.0")):
                config = PLUGINS + f"""
[plugin.node]
interval = "1s"
[plugin.discover-http]
[[plugin.discover-http.config]]
job_name = "x"
url = "https://{nginx.address}/targets?key={bool(key)}"
refresh_interval = "1s"
{tls}
{key}
[plugin.remote-write]
[[plugin.remote-write.endpoint]]
url = "https://{nginx.address}/write"
{tls}
{key}
"""
                before = len(nginx.requests()) if nginx.folder.joinpath("access.log").exists() else 0
                with self.subTest(key), Host(config):
                    seen = wait_for("both", lambda: {request.path: request.protocol for request in nginx.requests()[before:]
                                                     if {"/targets", "/write"} <= {each.path for each in nginx.requests()[before:]}})
                    self.assertEqual((seen["/targets"], seen["/write"]), (discovery, writing))

    @needs_prometheus
    def test_prometheus_does_the_same(self):
        with Nginx(self.authority) as nginx:
            for key in (None, False):
                theirs = f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: nginx
  scheme: https
  {'' if key is None else 'enable_http2: false'}
  static_configs: [{{targets: ['{nginx.address}']}}]
  tls_config: {{ca_file: '{self.authority.certificate}'}}
"""
                ours = PLUGINS + job(self.authority, nginx, "" if key is None else "enable_http2 = false")
                log = nginx.folder / "access.log"
                if log.exists():
                    log.write_text("")
                with Host(ours) as host, Peer(theirs) as peer:
                    for api in (host.api, peer.api):
                        wait_for("a scrape", lambda: [each["value"][1] for each in api("query", query="up{job='nginx'}")["result"]] == ["1"])
                    seen = wait_for("both", lambda: [{request.protocol for request in nginx.requests(agent)} for agent in ("Tarsier", "Prometheus")
                                                     if nginx.requests("Tarsier") and nginx.requests("Prometheus")])
                    self.assertEqual(seen[0], seen[1])
                    self.assertEqual(seen[0], {"HTTP/2.0" if key is None else "HTTP/1.1"})
                    self.assertEqual(get(host.url + "/-/ready")[0], 200)


if __name__ == "__main__":
    unittest.main()
