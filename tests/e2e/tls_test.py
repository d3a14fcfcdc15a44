"""TLS while the host runs: certificates that end, are renewed on disk, or are asked of clients."""

import contextlib
import http.server
import pathlib
import socket
import ssl
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from certificates import Authority
from host import Host, free_port, wait_for
from peer import post, write_request

SCRAPE = """
[plugin.samples]
[plugin.promql]
[plugin.scrape]
scrape_interval = "1s"
scrape_timeout = "1s"
[[plugin.scrape.job]]
job_name = "secure"
scheme = "https"
static_configs = [{ targets = ["{target}"] }]
tls_config = { ca_file = "{ca}"{more} }
"""


class SecureTarget:
    """A page over TLS, a connection for each request; the certificate is read from the file for every one."""

    def __init__(self, file, client_ca=None):
        self.file, self.client_ca, self.clients = file, client_ca, []
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                certificate = self.connection.getpeercert()
                if certificate:
                    target.clients.append(dict(entry[0] for entry in certificate["subject"])["commonName"])
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(b"# TYPE alive gauge\nalive 1\n")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def finish_request(self, request, client_address):
                with contextlib.suppress(OSError):  # who does not trust it goes away
                    with target.context().wrap_socket(request, server_side=True) as secure:
                        super().finish_request(secure, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        if self.client_ca is not None:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def make_certificates(self):
    """The setUp of every class here: an authority, and a server's certificate that it signed."""
    self.authority = Authority()
    self.addCleanup(self.authority.close)
    directory = tempfile.TemporaryDirectory(prefix="tarsier-tls-")
    self.addCleanup(directory.cleanup)
    self.folder = pathlib.Path(directory.name)
    self.server_file = self.folder / "server.pem"
    self.authority.sign(self.server_file, "server")


def scraper(target, ca, more=""):
    return Host(SCRAPE, target=target.address, ca=ca, more=more)


def seen_target(host):
    return host.api("targets")["activeTargets"][0]


def outcomes(host, begin, end):
    """Of the scrapes from then to then, one after the other: "1" or "0"."""
    result = host.api("query", query="up[5m]", time=time.time())["result"]
    return [value for at, value in result[0]["values"] if begin <= at <= end]


class ATargetsCertificate(unittest.TestCase):
    setUp = make_certificates

    def test_that_ends_fails_the_scrapes_from_then_on_until_it_is_replaced(self):
        with SecureTarget(self.server_file) as target, scraper(target, self.authority.certificate) as host:
            wait_for("the page", lambda: host.value("alive") == 1)
            begin = time.time()
            end = self.authority.sign(self.server_file, "server", seconds=5)
            wait_for("the end of the certificate", lambda: host.value("up") == 0)
            self.assertIn("certificate has expired", seen_target(host)["lastError"])
            self.assertEqual(set(outcomes(host, begin, end - 1)), {"1"})
            self.assertEqual(host.query("alive"), [], "what a target had ends with it")
            self.authority.sign(self.server_file, "server")
            wait_for("the new certificate", lambda: host.value("alive") == 1)
            self.assertEqual(seen_target(host)["lastError"], "")

    def test_of_an_authority_that_is_not_trusted_is_taken_once_the_file_names_it(self):
        trusted = self.folder / "trusted.pem"
        other = Authority()
        self.addCleanup(other.close)
        trusted.write_bytes(other.certificate.read_bytes())
        with SecureTarget(self.server_file) as target, scraper(target, trusted) as host:
            wait_for("the refusal", lambda: "certificate is not accepted" in seen_target(host)["lastError"])
            fresh = self.folder / "fresh.pem"
            fresh.write_bytes(self.authority.certificate.read_bytes())
            fresh.rename(trusted)
            wait_for("the page", lambda: host.value("alive") == 1)


class AClientsCertificate(unittest.TestCase):
    setUp = make_certificates

    def test_that_is_renewed_on_disk_is_used_from_then_on(self):
        client_file = self.folder / "client.pem"
        self.authority.sign(client_file, "first")
        with SecureTarget(self.server_file, self.authority.certificate) as target, scraper(target, self.authority.certificate, f', cert_file = "{client_file}"') as host:
            wait_for("a scrape", lambda: "first" in target.clients)
            self.authority.sign(client_file, "second")
            begin = time.time()
            wait_for("a scrape with the new one", lambda: target.clients[-1] == "second")
            wait_for("the page", lambda: host.value("alive") == 1)
            self.assertNotIn("0", outcomes(host, begin, time.time()))

    def test_that_has_ended_is_refused_until_it_is_renewed(self):
        client_file = self.folder / "client.pem"
        self.authority.sign(client_file, "old", seconds=-60)
        with SecureTarget(self.server_file, self.authority.certificate) as target, scraper(target, self.authority.certificate, f', cert_file = "{client_file}"') as host:
            wait_for("a refusal", lambda: seen_target(host)["health"] == "down")
            # The target cuts the connection after its alert, and the cut may come first.
            self.assertRegex(seen_target(host)["lastError"], "certificate expired|connection reset|connection was closed")
            self.authority.sign(client_file, "new")
            wait_for("the page", lambda: host.value("alive") == 1)
            self.assertEqual(set(target.clients), {"new"})


RECEIVER = """
[plugin.remote-write-receiver]
[plugin.samples]
[plugin.promql]
[plugin.net.entrypoint.secure]
address = "127.0.0.1:{port}"
root = "prometheus"
tls.cert_file = "{file}"
tls.key_file = "{file}"
{more}
"""

SENDER = """
[plugin.remote-write-receiver]
[plugin.remote-write]
[[plugin.remote-write.endpoint]]
name = "there"
url = "{url}/api/v1/write"
queue_config = { batch_send_deadline = "200ms", max_backoff = "500ms" }
tls_config = { ca_file = "{ca}", cert_file = "{client}" }
"""


class TheReceiverOfRemoteWrite(unittest.TestCase):
    """By an entrypoint with TLS."""

    setUp = make_certificates

    def receiver(self, more=""):
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        return Host(RECEIVER, port=self.port, file=self.server_file, more=more)

    def send(self, value, name="sent", context=None):
        request = urllib.request.Request(self.url + "/api/v1/write", write_request([({"__name__": name}, [(int(time.time() * 1000), value)])]), {
            "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"})
        with urllib.request.urlopen(request, timeout=10, context=context or self.trusting()) as answer:
            return answer.status

    def trusting(self, client=None):
        context = ssl.create_default_context(cafile=self.authority.certificate)
        if client is not None:
            context.load_cert_chain(client)
        return context

    def served(self):
        """The number of the certificate that it shows now."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as plain, self.trusting().wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            return secure.getpeercert()["serialNumber"]

    def test_takes_samples_from_those_who_trust_it(self):
        with self.receiver() as host:
            self.assertEqual(self.send(7), 204)
            wait_for("the sample", lambda: host.value("sent") == 7)
            with self.assertRaises(urllib.error.URLError) as refused:
                self.send(8, context=ssl.create_default_context())
            self.assertIn("CERTIFICATE_VERIFY_FAILED", str(refused.exception))
            with self.assertRaises(OSError):  # in plain text
                post(f"http://127.0.0.1:{self.port}/api/v1/write", write_request([({"__name__": "plain"}, [(1, 1)])]), content_encoding="snappy")
            self.assertEqual(host.query("plain"), [])

    def test_shows_a_renewed_certificate_without_a_restart(self):
        with self.receiver() as host:
            before = self.served()
            self.authority.sign(self.server_file, "server")
            wait_for("the new certificate", lambda: self.served() != before)
            self.assertEqual(self.send(9), 204)
            wait_for("the sample", lambda: host.value("sent") == 9)
            good = self.served()
            self.server_file.write_text("nonsense")
            wait_for("the word on it", lambda: "server.pem" in host.log())
            self.assertEqual(self.served(), good, "a file that is not good leaves the one before in use")

    def test_asks_clients_for_a_certificate(self):
        client, ended = self.folder / "client.pem", self.folder / "ended.pem"
        self.authority.sign(client, "sender")
        self.authority.sign(ended, "sender", seconds=-60)
        with self.receiver(f'tls.client_ca_file = "{self.authority.certificate}"') as host:
            for refused in (None, ended):
                with self.assertRaises(OSError):
                    self.send(1, "refused", self.trusting(refused))
            self.assertEqual(self.send(2, context=self.trusting(client)), 204)
            wait_for("the sample", lambda: host.value("sent") == 2)
            self.assertEqual(host.query("refused"), [])

    def test_is_sent_to_by_another_host_whose_certificate_is_renewed(self):
        client = self.folder / "client.pem"
        self.authority.sign(client, "sender", seconds=-60)
        with self.receiver(f'tls.client_ca_file = "{self.authority.certificate}"') as there:
            with Host(SENDER, there=self.url, ca=self.authority.certificate, client=client, url=self.url) as here:
                post(here.url + "/api/v1/write", write_request([({"__name__": "forwarded"}, [(int(time.time() * 1000), 3)])]), content_type="application/x-protobuf",
                     content_encoding="snappy", x_prometheus_remote_write_version="0.1.0")
                wait_for("the refusal", lambda: "certificate expired" in here.log())
                self.assertEqual(there.query("forwarded"), [])
                self.authority.sign(client, "sender")
                wait_for("what waited for it", lambda: there.value("forwarded") == 3)


if __name__ == "__main__":
    unittest.main()
