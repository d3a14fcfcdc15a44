"""Discovery as it is seen from outside: how many targets each configuration has found, and how the plugin says it is."""

import http.server
import json
import re
import socketserver
import struct
import threading
import unittest
import urllib.request

from consul_double import Consul
from host import Host, get, wait_for


def found(host, config):
    """What the host's own metrics say."""
    page = get(host.url + "/metrics")[2].decode()
    values = [float(line.rsplit(" ", 1)[1]) for line in page.splitlines()
              if line.startswith("tarsier_discovery_targets{") and f'config="{config}"' in line]
    return values[0] if len(values) == 1 else None


def wait_found(host, config, count, timeout=10.0):
    wait_for(f"{count} targets of {config}", lambda: found(host, config) == count, timeout)


class FilesAreTakenWhenTheyChange(unittest.TestCase):
    def test_from_the_first_to_the_last(self):
        config = '[[plugin.discover-file.config]]\njob_name = "web"\nfiles = ["targets/*.yml", "targets/*.json"]\n'
        with Host(config) as host:
            folder = host.directory / "targets"
            folder.mkdir()  # after the start: it is watched all the same
            (folder / "a.yml").write_text("- targets: [a:1, a:2]\n  labels: {env: prod}\n")
            wait_found(host, "web", 2)
            fresh = folder / "a.new"
            fresh.write_text("- targets: [a:1, a:2, a:3]\n")
            fresh.rename(folder / "a.yml")
            wait_found(host, "web", 3)
            (folder / "b.json").write_text('[{"targets": ["b:1"]}]')
            wait_found(host, "web", 4)
            (folder / "b.json").write_text('[{"targets": ["b:1", "b:2"]')
            wait_for("the finding", lambda: re.search(r"targets/b\.json:1:28: expected ',' or '}'", host.log()))
            self.assertEqual(found(host, "web"), 4)
            (folder / "a.yml").unlink()
            wait_found(host, "web", 1)
            host.write_config(config.replace("*.json", "*.none.json"))
            urllib.request.urlopen(urllib.request.Request(host.url + "/-/reload", method="POST"))
            wait_found(host, "web", 0)


class ServersAreAskedAgain(unittest.TestCase):
    def test_a_list_by_http(self):
        answers = {"code": 200, "targets": ["a:1"], "seen": []}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answers["seen"].append(dict(self.headers))
                text = json.dumps([{"targets": answers["targets"]}]).encode()
                self.send_response(answers["code"])
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        config = f"""
[[plugin.discover-http.config]]
job_name = "web"
url = "http://127.0.0.1:{server.server_address[1]}/targets"
refresh_interval = "1s"
basic_auth = {{ username = "me", password = "pw" }}
"""
        with Host(config) as host:
            wait_found(host, "web", 1)
            self.assertEqual(answers["seen"][0]["X-Prometheus-Refresh-Interval-Seconds"], "1")
            self.assertEqual(answers["seen"][0]["Authorization"], "Basic bWU6cHc=")
            answers["targets"] = ["a:1", "a:2"]
            wait_found(host, "web", 2)
            answers.update(code=500, targets=[])
            wait_for("the failure", lambda: "server returned HTTP status 500" in host.log())
            self.assertEqual(found(host, "web"), 2)
            answers["code"] = 200
            wait_found(host, "web", 0)


class ConsulIsWatched(unittest.TestCase):
    def test_services_come_and_go(self):
        consul = Consul(token="s3cret")
        self.addCleanup(consul.close)
        consul.register("web", "web-1", "10.1.0.1", 80, tags=["blue"])
        config = f"""
[[plugin.discover-consul.config]]
job_name = "all"
server = "{consul.address}"
token = "s3cret"
refresh_interval = "1s"

[[plugin.discover-consul.config]]
job_name = "blue"
server = "{consul.address}"
token = "s3cret"
services = ["web", "db"]
tags = ["blue"]
refresh_interval = "1s"
"""
        with Host(config) as host:
            wait_found(host, "all", 1)
            wait_found(host, "blue", 1)
            consul.register("web", "web-2", "", 81, tags=["green"])
            wait_found(host, "all", 2)
            consul.register("db", "db-1", "10.1.0.3", 5432, tags=["blue"])
            wait_found(host, "all", 3)
            wait_found(host, "blue", 2)
            consul.restore()
            consul.deregister("web-2")
            wait_found(host, "all", 2)
            consul.failing = True
            consul.register("web", "web-3", "", 82)
            wait_for("the failure", lambda: "server returned HTTP status 500" in host.log())
            self.assertEqual(found(host, "all"), 2)
            self.assertNotIn("s3cret", host.log())

    def test_nothing_is_asked_while_nothing_changes(self):
        consul = Consul()
        self.addCleanup(consul.close)
        consul.register("web", "web-1", "10.1.0.1", 80)
        config = f"""
[[plugin.discover-consul.config]]
job_name = "web"
server = "{consul.address}"
services = ["web"]
refresh_interval = "1s"
"""
        with Host(config) as host:
            wait_found(host, "web", 1)
            wait_for("the blocking query", lambda: "index=" in consul.requests[-1])
            asked = len(consul.requests)
            consul.register("other", "other-1", "10.1.0.2", 80)
            consul.register("web", "web-2", "10.1.0.2", 80)
            wait_found(host, "web", 2)
            wait_for("the next query", lambda: len(consul.requests) == asked + 1)


class ContainersAreFound(unittest.TestCase):
    def test_over_the_socket_of_the_daemon(self):
        containers = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = containers if self.path.startswith("/containers/json") else [{"Id": "n1", "Name": "app"}]
                text = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        config = """
[[plugin.discover-docker.config]]
job_name = "containers"
host = "unix://{folder}/docker.sock"
refresh_interval = "1s"
"""
        host = Host()
        host.write_config(config, folder=host.directory)
        with host:
            wait_for("the failure", lambda: "the targets found before stay" in host.log())
            server = Server(str(host.directory / "docker.sock"), Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            containers.append({"Id": "c1", "Names": ["/web"], "Ports": [{"PrivatePort": 80, "Type": "tcp"}, {"PrivatePort": 81, "Type": "tcp"}],
                               "NetworkSettings": {"Networks": {"app": {"NetworkID": "n1", "IPAddress": "172.18.0.2"}}}})
            wait_found(host, "containers", 2)
            containers.clear()
            wait_found(host, "containers", 0)


class NamesAreLookedUp(unittest.TestCase):
    def test_records_come_and_go(self):
        records = [b"\0\0\0\5\x23\x8c\1a\0", b"\0\0\0\5\x23\x8d\1a\0"]  # SRV: priority, weight, port, target

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                query, socket = self.request
                end = query.index(b"\0", 12) + 5
                head = query[:2] + (b"\x81\x80" if records else b"\x81\x83") + struct.pack(">HHHH", 1, len(records), 0, 0)
                answers = b"".join(b"\xc0\x0c\0\x21\0\1\0\0\0\1" + struct.pack(">H", len(data)) + data for data in records)
                socket.sendto(head + query[12:end] + answers, self.client_address)

        server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        config = """
[plugin.discover-dns]
resolv_conf = "resolv.conf"
[[plugin.discover-dns.config]]
job_name = "web"
names = ["_metrics._tcp.example.org"]
refresh_interval = "1s"
"""
        host = Host(config)
        (host.directory / "resolv.conf").write_text(f"nameserver 127.0.0.1:{server.server_address[1]}\n")
        with host:
            wait_found(host, "web", 2)
            del records[1]
            wait_found(host, "web", 1)
            records.clear()
            wait_found(host, "web", 0)


if __name__ == "__main__":
    unittest.main()
