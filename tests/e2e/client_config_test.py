"""How targets are asked: tokens of a token server, proxies, certificates as texts; in ours, and beside it in a Prometheus."""

import base64
import http.server
import json
import pathlib
import select
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from host import Host, wait_for
from peer import Peer, needs_prometheus
from relabel_test import ours, theirs

SECRET = "the se+cret"
PAGE = b"# TYPE x gauge\nx 1\n"


class Double:
    """A server whose requests are remembered, by who asked: "ours" or "theirs", by User-Agent."""

    def __init__(self, certificate=None):
        self.seen, self.lock = {"ours": [], "theirs": []}, threading.Lock()
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def note(self, body=""):
                whose = "theirs" if self.headers.get("User-Agent", "").startswith(("Prometheus/", "Go-http-client/")) else "ours"
                with double.lock:
                    double.seen[whose].append((self.command, self.path, dict(self.headers), body))

            def say(self, code, body, content_type="text/plain; version=0.0.4"):
                self.send_response(code)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.note()
                double.get(self)

            def do_POST(self):
                self.note(self.rfile.read(int(self.headers["Content-Length"])).decode())
                double.post(self)

            def do_CONNECT(self):
                self.note()
                double.connect(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def of(self, whose):
        with self.lock:
            return list(self.seen[whose])

    def get(self, asked):
        asked.say(200, PAGE)

    def post(self, asked):
        asked.say(405, b"")

    def connect(self, asked):
        asked.say(405, b"")


class TokenServer(Double):
    """Knows the client by parameters only, so that both ways are tried."""

    def post(self, asked):
        form = urllib.parse.parse_qs(self.seen_body(asked))
        if form.get("client_id") != ["me"] or form.get("client_secret") != [SECRET]:
            return asked.say(401, b'{"error":"invalid_client"}', "application/json")
        asked.say(200, json.dumps({"access_token": "token-1", "token_type": "bearer", "expires_in": 3600}).encode(), "application/json")

    def seen_body(self, asked):
        with self.lock:
            return next(body for requests in self.seen.values() for command, path, headers, body in reversed(requests) if headers == dict(asked.headers))


class Proxy(Double):
    """Answers plain requests itself, and leads CONNECT to where it says."""

    def connect(self, asked):
        host, port = asked.path.rsplit(":", 1)
        with socket.create_connection(("127.0.0.1", int(port)), 10) as server:
            asked.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = [asked.connection, server]
            while True:
                for end in select.select(ends, [], [], 30)[0]:
                    piece = end.recv(65536)
                    if not piece:
                        asked.close_connection = True
                        return
                    ends[1 - ends.index(end)].sendall(piece)


def certificate(directory):
    """For localhost, and its key: two files."""
    cert, key = pathlib.Path(directory) / "cert.pem", pathlib.Path(directory) / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def up(api, job, targets=1):
    result = api("query", query=f'up{{job="{job}"}}')["result"]
    return len(result) == targets and all(one["value"][1] == "1" for one in result)


def both(test, jobs, check):
    """Runs the jobs here and there, until check(api) holds for both."""
    for job in jobs:
        job.setdefault("scrape_interval", "1s")
        job.setdefault("scrape_timeout", "1s")
    with Host(ours(jobs)) as host, Peer(theirs(jobs)) as peer:
        for api in (host.api, peer.api):
            wait_for("all targets to be scraped", lambda: check(api))
        return host.log()


class OAuth2(unittest.TestCase):
    @needs_prometheus
    def test_tokens_are_asked_for_and_used_alike(self):
        with TokenServer() as tokens, Double() as target:
            jobs = [{"job_name": "a", "static_configs": [{"targets": [target.address]}], "oauth2": {
                "client_id": "me", "client_secret": SECRET, "token_url": f"http://{tokens.address}/token?x=1", "scopes": ["read", "write"],
                "endpoint_params": {"audience": "all of it"}}}]
            log = both(self, jobs, lambda api: up(api, "a"))
            self.assertNotIn(SECRET, log)
            asked = {whose: [(path, headers.get("Authorization"), headers["Content-Type"], urllib.parse.parse_qs(body)) for _, path, headers, body in tokens.of(whose)]
                     for whose in ("ours", "theirs")}
            self.assertEqual(asked["ours"], asked["theirs"])
            self.assertEqual(len(asked["ours"]), 2, "once in vain, once for good")
            for whose in ("ours", "theirs"):
                self.assertEqual({headers["Authorization"] for _, _, headers, _ in target.of(whose)}, {"Bearer token-1"})

    def test_what_goes_wrong_is_said_without_the_secret(self):
        with Double() as tokens, Double() as target:
            jobs = [{"job_name": "a", "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [{"targets": [target.address]}],
                     "oauth2": {"client_id": "me", "client_secret": SECRET, "token_url": f"http://{tokens.address}/token?key=hidden"}}]
            with Host(ours(jobs)) as host:
                error = wait_for("an error", lambda: host.api("targets")["activeTargets"][0]["lastError"])
                self.assertEqual(error, f"OAuth 2 token from http://{tokens.address}/token: server returned HTTP status 405 Method Not Allowed")
                for text in (host.log(), json.dumps(host.api("status/config"))):
                    self.assertNotIn(SECRET, text)
            self.assertEqual(target.of("ours"), [])


class ByProxy(unittest.TestCase):
    @needs_prometheus
    def test_a_proxy_sees_the_same_of_both(self):
        with tempfile.TemporaryDirectory(prefix="tarsier-e2e-") as directory:
            files = certificate(directory)
            with Double(files) as secure, Double() as direct, Proxy() as proxy:
                port = secure.server.server_port
                through = {"proxy_url": f"http://user:pa%40ss@{proxy.address}"}
                tls = {"scheme": "https", "tls_config": {"ca": files[0].read_text(), "server_name": "localhost", "min_version": "TLS12"}}
                jobs = [
                    {"job_name": "plain", "params": {"a": ["b c"]}, "static_configs": [{"targets": ["nowhere.invalid:81", "nowhere.invalid"]}], **through},
                    {"job_name": "loopback", "static_configs": [{"targets": ["127.0.0.1:82"]}], **through},
                    {"job_name": "tunnel", "static_configs": [{"targets": [f"tunnel.invalid:{port}"]}], "proxy_connect_header": {"X-Tunnel": ["1", "2"]},
                     **tls, **through},
                    {"job_name": "around", "static_configs": [{"targets": [direct.address]}], "no_proxy": "elsewhere", **through},
                    {"job_name": "named", "static_configs": [{"targets": ["a.named.invalid:83", "other.invalid:84"]}], "no_proxy": "x.invalid, named.invalid:80", **through},
                ]
                both(self, jobs, lambda api: all(up(api, job["job_name"], len(job["static_configs"][0]["targets"])) for job in jobs))
                seen = {}
                for whose in ("ours", "theirs"):
                    interesting = ("Host", "Proxy-Authorization", "X-Tunnel")
                    seen[whose] = {(command, path, *(headers.get(name) for name in interesting)) for command, path, headers, _ in proxy.of(whose)}
                self.assertEqual(seen["ours"], seen["theirs"])
                self.assertIn(("CONNECT", f"tunnel.invalid:{port}"), {one[:2] for one in seen["ours"]})
                self.assertEqual({one[3] for one in seen["ours"]}, {"Basic " + base64.b64encode(b"user:pa@ss").decode()})
                self.assertTrue(direct.of("ours") and direct.of("theirs"))
                self.assertTrue(secure.of("ours") and secure.of("theirs"))

    def test_the_environment_names_a_proxy(self):
        with Proxy() as proxy:
            host = Host(ours([{"job_name": "a", "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [{"targets": ["nowhere.invalid:81"]}],
                               "proxy_from_environment": True}]))
            host.environment = {"HTTP_PROXY": proxy.address, "NO_PROXY": "other.invalid"}
            with host:
                wait_for("the target", lambda: up(host.api, "a"))


if __name__ == "__main__":
    unittest.main()
