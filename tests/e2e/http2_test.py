"""HTTP/2 and gRPC as others speak them: curl, nghttp, h2load, and a client of gRPC."""

import json
import shutil
import subprocess
import threading
import time
import unittest

from host import PLUGINS as PLUGIN_FILES
from host import Host, free_port, get, wait_for
from otlp_test import otlp_request
from peer import PLUGINS
from reload_test import drop
from upgrade_test import replaced
from wire import double, fields, fixed, message, number

UI = "[plugin.ui]\n"
EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"

# A program of its own: Debian's grpcio is for Debian's Python. Calls are lines of JSON: path, message in hex, gzip; answers likewise.
CLIENT = """
import grpc, json, sys
channel = grpc.insecure_channel(sys.argv[1])
for line in sys.stdin:
    path, text, gzip, timeout = json.loads(line)
    call = channel.unary_unary(path, request_serializer=None, response_deserializer=None)
    try:
        compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
        print(json.dumps(["OK", "", call(bytes.fromhex(text), timeout=timeout, compression=compression).hex()]), flush=True)
    except grpc.RpcError as failure:
        details = [value for key, value in failure.trailing_metadata() or () if key == "grpc-status-details-bin"]
        print(json.dumps([failure.code().name, failure.details(), details[0].hex() if details else ""]), flush=True)
"""


def has_grpc():
    return subprocess.run(["/usr/bin/python3", "-c", "import grpc"], capture_output=True, check=False).returncode == 0


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--max-time", "20", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


class Grpc:
    def __init__(self, port):
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", CLIENT, f"127.0.0.1:{port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def call(self, path, request, gzip=False, timeout=20):
        self.process.stdin.write(json.dumps([path, request.hex(), gzip, timeout]) + "\n")
        self.process.stdin.flush()
        code, text, answer = json.loads(self.process.stdout.readline())
        return code, text, bytes.fromhex(answer)


def gauge(name, now_ns, value):
    point = message(1, fixed(3, now_ns), double(4, value))
    return message(1, message(2, message(2, message(1, name), message(5, point))))


@unittest.skipUnless(has_grpc(), "needs Debian's python3-grpcio")
class OtlpGrpc(unittest.TestCase):
    def test_metrics_are_stored_as_those_that_come_by_http(self):
        now_ns = time.time_ns()
        with Host(PLUGINS) as host, Grpc(host.otlp_grpc_port) as client:
            for gzip in (False, True):
                self.assertEqual(client.call(EXPORT, otlp_request(now_ns), gzip), ("OK", "", b""))
            self.assertEqual(host.value('http_server_requests_total{job="eu/shop"}'), 42.0)
            self.assertEqual(host.value('network_io_bytes_per_second{job="eu/shop"}'), 3.5)
            for i in range(500):
                self.assertEqual(client.call(EXPORT, gauge("g", now_ns - (1000 - i) * 10**6, float(i)))[0], "OK")
            self.assertEqual(host.value("g"), 499.0)

    def test_clients_are_told_what_is_not_stored_in_their_words(self):
        now_ns = time.time_ns()
        delta = message(2, message(1, "d"), message(7, message(1, fixed(3, now_ns), double(4, 1.0)), number(2, 1)))
        with Host(PLUGINS) as host, Grpc(host.otlp_grpc_port) as client:
            code, _, answer = client.call(EXPORT, message(1, message(2, delta)))
            (_, partial), = fields(answer)
            self.assertEqual((code, fields(partial)), ("OK", [(1, 1), (2, b'metric "d": invalid temporality and type combination')]))
            self.assertEqual(client.call(EXPORT, b"\x0a\xff")[0], "INVALID_ARGUMENT")
            self.assertEqual(client.call(EXPORT, b"\x0a\x00" * 17_000_000)[0], "RESOURCE_EXHAUSTED")
            self.assertEqual(client.call(EXPORT, b"\x0a\x00" * 17_000_000, gzip=True)[0], "RESOURCE_EXHAUSTED")
            self.assertEqual(client.call("/opentelemetry.proto.collector.trace.v1.TraceService/Export", b"")[0], "UNIMPLEMENTED")
            self.assertEqual(client.call(EXPORT, gauge("g", now_ns, 1.0)), ("OK", "", b""), "and the connection still serves")

    def test_without_a_store_clients_send_again(self):
        with Host("[plugin.otlp-receiver]") as host, Grpc(host.otlp_grpc_port) as client:
            code, _, details = client.call(EXPORT, gauge("g", time.time_ns(), 1.0))
            self.assertEqual(code, "UNAVAILABLE")
            self.assertIn(b"google.rpc.RetryInfo", details)

    def test_clients_notice_at_most_a_try_again_while_plugins_are_replaced(self):
        with Host(PLUGINS, own_plugins=True) as host, Grpc(host.otlp_grpc_port) as client:
            again, failures, sent, done = [], [], [0], threading.Event()

            def send():
                now_ns = time.time_ns() - 60 * 10**9
                while not done.is_set():
                    outcome = client.call(EXPORT, gauge("g", now_ns + sent[0] * 10**6, float(sent[0])))
                    if outcome[0] == "OK":
                        sent[0] += 1
                    elif outcome[0] == "UNAVAILABLE" and b"RetryInfo" in outcome[2]:
                        again.append(outcome)  # the receiver stops, and does not know whether the store has it
                    else:
                        failures.append(outcome)

            sender = threading.Thread(target=send)
            sender.start()
            for plugin in ("otlp-receiver", "net") * 3:
                before = replaced(host, plugin)
                drop(PLUGIN_FILES / f"{plugin}.so", host.plugin_dir)
                wait_for(f"{plugin} to be replaced", lambda: replaced(host, plugin) > before)
                more = sent[0] + 20
                wait_for("further calls", lambda: sent[0] > more)
            done.set()
            sender.join()
            self.assertEqual(failures, [])
            self.assertLess(len(again), 5)
            self.assertEqual(host.value("count_over_time(g[1h])"), sent[0])


class Http2(unittest.TestCase):
    def test_the_path_of_otlp_over_http_stands_where_its_clients_look(self):
        with Host(PLUGINS) as host:
            now_ns = time.time_ns()
            request = host.directory / "request"
            request.write_bytes(gauge("h", now_ns, 7.0))
            curl("--fail", "--http2-prior-knowledge", "-H", "Content-Type: application/x-protobuf", "--data-binary", f"@{request}", f"http://127.0.0.1:{host.otlp_http_port}/v1/metrics")
            self.assertEqual(host.value("h"), 7.0)

    def test_curl_speaks_it_in_clear_and_over_tls(self):
        port = free_port()
        with Host(UI) as plain:
            version = "%{http_version} %{response_code}"
            self.assertEqual(curl("--http2-prior-knowledge", "-o", "/dev/null", "-w", version, plain.main_url + "/"), "2 200")
            self.assertEqual(curl("-o", "/dev/null", "-w", version, plain.main_url + "/"), "1.1 200")
            self.assertEqual(curl("--http2-prior-knowledge", "-I", "-o", "/dev/null", "-w", version, plain.url + "/metrics"), "2 200")
            self.assertEqual(curl("--http2-prior-knowledge", "-o", "/dev/null", "-w", version, plain.url + "/none"), "2 404")
            folder = plain.directory
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], capture_output=True, check=True)
            plain.write_config(UI + f'[plugin.net.entrypoint.secure]\naddress = "127.0.0.1:{port}"\ntls = {{ cert_file = "cert.pem", key_file = "key.pem" }}\n')
            secure = f"https://127.0.0.1:{port}/"
            wait_for("the entrypoint", lambda: "listening: secure" in plain.log())
            self.assertEqual(curl("--http2", "--cacert", folder / "cert.pem", "-o", "/dev/null", "-w", version, secure), "2 200")
            self.assertEqual(curl("--http1.1", "--cacert", folder / "cert.pem", "-o", "/dev/null", "-w", version, secure), "1.1 200")
            for tls in ("1.2", "1.3"):
                answer = curl("--http2", f"--tlsv{tls}", "--tls-max", tls, "--cacert", folder / "cert.pem", secure + "prometheus/api/v1/status/buildinfo")
                self.assertNotEqual(answer, "")

    @unittest.skipUnless(shutil.which("nghttp"), "needs nghttp2-client")
    def test_nghttp_and_h2load_find_nothing_wrong(self):
        with Host(UI) as host:
            seen = subprocess.run(["nghttp", "-nv", host.main_url + "/", host.main_url + "/api/plugins", host.url + "/metrics"], capture_output=True, text=True, timeout=30, check=True).stdout
            self.assertIn(":status: 200", seen)
            for trouble in (":status: 4", ":status: 5", "recv RST_STREAM", "recv GOAWAY", "INVALID"):
                self.assertNotIn(trouble, seen)
            load = subprocess.run(["h2load", "-n", "20000", "-c", "4", "-m", "50", host.main_url + "/-/healthy"], capture_output=True, text=True, timeout=120, check=True).stdout
            self.assertIn("20000 succeeded, 0 failed, 0 errored, 0 timeout", load)

    @unittest.skipUnless(shutil.which("h2load"), "needs nghttp2-client")
    def test_queries_stream_side_by_side(self):
        with Host(PLUGINS + '[plugin.node]\ninterval = "1s"\n') as host:
            wait_for("samples", lambda: host.query("node_load1"))
            query = f"{host.url}/api/v1/query?query=%7B__name__=~%22node_.%2B%22%7D"
            size = len(get(query)[2])
            load = subprocess.run(["h2load", "-n", "500", "-c", "3", "-m", "40", query], capture_output=True, text=True, timeout=120, check=True).stdout
            self.assertIn("500 succeeded, 0 failed, 0 errored, 0 timeout", load)
            self.assertIn("500 2xx", load)
            self.assertGreater(size, 20_000)


if __name__ == "__main__":
    unittest.main()
