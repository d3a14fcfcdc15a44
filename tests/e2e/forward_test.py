"""Samples that go on by remote write: to a real Prometheus, to VictoriaMetrics, to another Tarsier, and to a receiver that the test plays."""

import contextlib
import http.server
import json
import os
import shutil
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse

from host import PLUGINS, Host, get, wait_for
from peer import Peer, histogram, labels, needs_prometheus, post, prometheus_major, send
from reload_test import drop
from upgrade_test import replaced
from wire import double, fields, message, number, snappy, unsnappy

GATEWAY = """
[plugin.remote-write-receiver]
[plugin.remote-write]
external_labels = { site = "north" }
[[plugin.remote-write.endpoint]]
name = "there"
url = "{there}/api/v1/write"
remote_timeout = "{timeout}"
send_exemplars = true
send_native_histograms = true
protobuf_message = "{message}"
queue_config = { max_samples_per_send = {batch}, batch_send_deadline = "200ms", max_backoff = "500ms", min_shards = {shards}, max_shards = {shards} }
metadata_config = { send_interval = "1s" }
"""
V1, V2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"

STORE = """
[plugin.remote-write-receiver]
[plugin.samples]
[plugin.promql]
"""

SERIES = 40
STEP_MS = 1000


def gateway(there, **values):
    return Host(GATEWAY, **{"there": there, "timeout": "5s", "message": V1, "batch": 100, "shards": 3, **values})


class Stream:
    """Sends SERIES series to a gateway, a sample of each at a time; a time is sent once only."""

    def __init__(self, host):
        self.host, self.sent = host, 0
        self.begin_ms = int(time.time() * 1000) // STEP_MS * STEP_MS - 1_200_000

    def go_on(self, times):
        for _ in range(times):
            at = self.begin_ms + self.sent * STEP_MS
            send(self.host.url, [({"__name__": "stream", "i": str(i)}, [(at, float(self.sent * SERIES + i))]) for i in range(SERIES)])
            self.sent += 1

    def expected(self):
        return {str(i): [(self.begin_ms + n * STEP_MS, n * SERIES + i) for n in range(self.sent)] for i in range(SERIES)}


def ask(there, path, **values):
    return json.loads(get(f"{there.url}/api/v1/{path}?{urllib.parse.urlencode(values)}", timeout=30)[2])["data"]


def values(there, expression):
    return [entry["value"][1] for entry in ask(there, "query", query=expression)["result"]]


def stored(there, site="north"):
    """{i: [(time in ms, value)]} at a receiver with Prometheus' API."""
    data = ask(there, "query", query=f"stream{{site='{site}'}}[30m]", time=time.time())
    return {entry["metric"]["i"]: [(round(at * 1000), int(value)) for at, value in entry["values"]] for entry in data["result"]}


def metric(host, name):
    """The sum of a metric of the host itself, over its labels; 0 when it is not there."""
    lines = get(host.main_url + "/metrics")[2].decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


class Receiver(Peer):
    """A Prometheus that is killed and comes back, on the same port and data."""

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def come_back(self):
        Peer.__enter__(self)


class Victoria(Peer):
    """VictoriaMetrics, as far as it is a Prometheus."""

    def __enter__(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [victoria_program(), f"-storageDataPath={self.folder}/data", f"-httpListenAddr={self.url[7:]}", "-search.latencyOffset=0s"],
            stdout=self.log, stderr=self.log)
        wait_for("victoria-metrics", lambda: get(self.url + "/health")[0] == 200, timeout=60)
        return self

    def values(self):
        query = urllib.parse.urlencode({"match[]": "stream"})
        lines = get(f"{self.url}/api/v1/export?{query}", timeout=30)[2].decode().splitlines()
        return {one["metric"]["i"]: list(zip(one["timestamps"], map(int, one["values"]))) for one in map(json.loads, lines)}


def victoria_program():
    """TARSIER_VICTORIA_METRICS, or Debian's."""
    return os.environ.get("TARSIER_VICTORIA_METRICS") or shutil.which("victoria-metrics")


def kill_both(stream, receiver):
    """A stream that goes on while the receiver, the sender and both are killed. `receiver` has kill() and come_back()."""
    stream.go_on(40)
    receiver.kill()
    stream.go_on(60)
    receiver.come_back()
    stream.go_on(20)
    stream.host.kill()  # with much of the backlog under way
    stream.host.start()
    stream.go_on(60)
    receiver.kill()
    stream.host.kill()
    stream.host.start()
    stream.go_on(40)
    receiver.come_back()
    stream.go_on(10)


class ForwardToPrometheus(unittest.TestCase):
    def test_everything_is_there_once_and_in_order_when_both_are_killed(self):
        for shards, batch in ((1, 2000), (3, 100)):
            with self.subTest(shards=shards), Receiver() as there, gateway(there.url, shards=shards, batch=batch) as host:
                stream = Stream(host)
                kill_both(stream, there)
                wait_for("the last samples", lambda: len(stored(there).get("0", [])) == stream.sent)
                wait_for("nothing to wait", lambda: metric(host, "tarsier_remote_write_pending_samples") == 0)
                self.assertEqual(stored(there), stream.expected())
                self.assertEqual(metric(host, "tarsier_remote_write_dropped_samples_total"), 0)

    @needs_prometheus
    def test_version_2_is_taken_once_when_both_are_killed(self):
        accepts = [f"--web.remote-write-receiver.accepted-protobuf-messages={message}" for message in (V1, V2)]
        with Receiver("{}", *accepts) as there, gateway(there.url, message=V2) as host:
            stream = Stream(host)
            kill_both(stream, there)
            wait_for("all samples", lambda: stored(there) == stream.expected())

    def test_that_version_2_is_not_known_is_said(self):
        said, only = "did not say that it has written anything", []
        if prometheus_major() >= 3:
            said, only = "does not take remote write 2.0", [f"--web.remote-write-receiver.accepted-protobuf-messages={V1}"]
        with Receiver("{}", *only) as there, gateway(there.url, message=V2) as host:
            Stream(host).go_on(3)
            wait_for("a word about it", lambda: said in host.log())
            wait_for("all to be counted", lambda: metric(host, "tarsier_remote_write_failed_samples_total") == 3 * SERIES)

    def test_an_agent_scrapes_and_sends_and_has_no_store(self):
        config = """
[plugin.scrape]
scrape_interval = "1s"
scrape_timeout = "1s"
[[plugin.scrape.job]]
job_name = "self"
static_configs = [{ targets = ["127.0.0.1:{port}"] }]
[plugin.remote-write]
[[plugin.remote-write.endpoint]]
url = "{there}/api/v1/write"
queue_config = { batch_send_deadline = "200ms" }
metadata_config = { send_interval = "1s" }
"""
        with Receiver() as there:
            host = Host(there=there.url)
            host.write_config(config, there=there.url, port=host.main_port)
            with host:
                wait_for("samples", lambda: values(there, "up{job='self'}") == ["1"])
                wait_for("several scrapes", lambda: values(there, "count_over_time(up{job='self'}[1m]) >= 3"))
                wait_for("its own metrics", lambda: values(there, "tarsier_remote_write_sent_samples_total"))

    def test_histograms_and_exemplars_arrive(self):
        with Receiver(features="native-histograms,exemplar-storage") as there, gateway(there.url) as host:
            now = int(time.time() * 1000)
            send(host.url, [({"__name__": "h", "job": "a"}, histogram(now, 10, 2, 5, 3))])
            exemplar = message(3, labels({"trace_id": "abc"}), double(2, 0.5), number(3, now))
            series = message(1, labels({"__name__": "c_total"}), message(2, double(1, 1.0), number(2, now)), exemplar)
            post(host.url + "/api/v1/write", snappy(series), content_type="application/x-protobuf", content_encoding="snappy")
            wait_for("the histogram", lambda: values(there, "histogram_count(h)") == ["10"])
            found = wait_for("the exemplar", lambda: ask(there, "query_exemplars", query="c_total", start=now / 1000 - 60, end=now / 1000 + 60))
            self.assertEqual(found[0]["exemplars"][0]["labels"], {"trace_id": "abc"})


@unittest.skipUnless(victoria_program(), "victoria-metrics is not installed; TARSIER_VICTORIA_METRICS names one")
class ForwardToVictoriaMetrics(unittest.TestCase):
    def test_everything_is_there_in_order(self):
        with Victoria() as there, gateway(there.url) as host:
            stream = Stream(host)
            stream.go_on(50)
            host.kill()
            host.start()
            stream.go_on(50)
            # It keeps what comes twice, and a request that was under way at the kill may.
            wait_for("all samples", lambda: {i: sorted(set(values)) for i, values in there.values().items()} == stream.expected())
            twice = sum(len(values) - len(set(values)) for values in there.values().values())
            self.assertLessEqual(twice, 3 * 100, "one request of each shard")


class ForwardToTarsier(unittest.TestCase):
    def test_both_versions_arrive_once_when_both_are_killed(self):
        for version in (V1, V2):
            with self.subTest(version), tempfile.TemporaryDirectory(prefix="tarsier-e2e-") as directory, Host(STORE, directory) as there:
                there.come_back = there.start
                with gateway(there.url, message=version) as host:
                    stream = Stream(host)
                    kill_both(stream, there)
                    wait_for("the last samples", lambda: len(stored(there).get("0", [])) == stream.sent)
                    wait_for("nothing to wait", lambda: metric(host, "tarsier_remote_write_pending_samples") == 0)
                    self.assertEqual(stored(there), stream.expected())
                    self.assertEqual(metric(host, "tarsier_remote_write_failed_samples_total"), 0)
                    self.assertEqual(metric(host, "tarsier_remote_write_dropped_samples_total"), 0)

    def test_a_restart_that_is_asked_for_sends_nothing_twice(self):
        with Host(STORE) as there, gateway(there.url) as host:
            stream = Stream(host)
            for _ in range(3):
                stream.go_on(30)
                wait_for("nothing to wait", lambda: metric(host, "tarsier_remote_write_pending_samples") == 0)
                self.assertEqual(host.stop(), 0)
                host.start()
            wait_for("all samples", lambda: stored(there) == stream.expected())
            self.assertEqual(metric(there, "tarsier_samples_duplicate_total"), 0)

    def test_a_reload_changes_the_receiver_and_loses_nothing(self):
        with Host(STORE) as there, Host(STORE) as elsewhere, gateway(there.url) as host:
            stream = Stream(host)
            stream.go_on(30)
            host.write_config(GATEWAY, there=elsewhere.url, timeout="5s", message=V2, batch=50, shards=2)
            post(host.main_url + "/-/reload", b"")
            stream.go_on(30)
            def both():
                found = stored(there)
                for i, values in stored(elsewhere).items():
                    found[i] = found.get(i, []) + values
                return found
            wait_for("all samples, here or there", lambda: both() == stream.expected())

    def test_plugins_that_are_replaced_lose_nothing(self):
        """Of the sender, the store beside it and the receiver, while samples come."""
        with Host(STORE) as there:
            host = Host(GATEWAY + "[plugin.samples]\n[plugin.promql]\n", own_plugins=True, there=there.url, timeout="5s", message=V1, batch=100, shards=2)
            host.start()
            with contextlib.closing(host):
                stream, over = Stream(host), threading.Event()
                refusals = []
                def go_on():
                    while not over.is_set() and not refusals:
                        try:
                            stream.go_on(1)
                        except urllib.error.HTTPError as refused:  # a 503 says: send it again
                            if refused.code != 503:
                                refusals.append(f"{refused.code} {refused.read().decode()}")
                        time.sleep(0.02)
                sender = threading.Thread(target=go_on)
                sender.start()
                try:
                    for plugin in ("remote-write", "samples", "remote-write-receiver", "remote-write", "samples"):
                        before, upgrades = stream.sent, replaced(host, plugin)
                        drop(PLUGINS / f"{plugin}.so", host.plugin_dir)
                        wait_for(f"{plugin} to be replaced", lambda: replaced(host, plugin) > upgrades)
                        wait_for("more samples", lambda: stream.sent > before + 20 or not sender.is_alive())
                finally:
                    over.set()
                    sender.join()
                self.assertEqual(refusals, [])
                wait_for("all samples there", lambda: stored(there) == stream.expected())
                self.assertEqual({i: rows for i, rows in stored(host, "").items()}, stream.expected())

    def test_metadata_arrives(self):
        page = "# HELP job_runs_total Runs so far.\n# TYPE job_runs_total counter\njob_runs_total 5\n"
        with Answers() as exporter, Host(STORE) as there:
            exporter.page = page
            for version in (V1, V2):
                config = GATEWAY + f'[plugin.scrape]\nscrape_interval = "1s"\nscrape_timeout = "1s"\n[[plugin.scrape.job]]\njob_name = "{version[:3]}"\nstatic_configs = [{{ targets = ["{exporter.address}"] }}]\n'
                with self.subTest(version), Host(config, there=there.url, timeout="5s", message=version, batch=100, shards=1):
                    found = wait_for("metadata", lambda: there.api("metadata", metric="job_runs_total"))
                    self.assertEqual(found["job_runs_total"][0]["type"], "counter")
                    self.assertEqual(found["job_runs_total"][0]["help"], "Runs so far.")


class Answers:
    """A receiver that answers as it is told, and keeps what it has answered 2xx."""

    def __init__(self, port=0):
        self.port = port
        self.script = []  # (code, headers, and perhaps after how many seconds), or seconds to hang, one a request; then 204
        self.requests = []  # (when, code, [(i, time, value)])
        self.page = ""
        self.body_bytes = 0  # of each answer
        self.lock = threading.Lock()

    def __enter__(self):
        answers = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                rows = samples_of(body)
                with answers.lock:
                    step = answers.script.pop(0) if rows and answers.script else (200 if answers.body_bytes else 204, {})
                if not isinstance(step, tuple):
                    answers.requests.append((time.monotonic(), 0, rows))
                    time.sleep(step)
                    return
                code, headers, *pause = step
                answers.requests.append((time.monotonic(), code, rows))
                time.sleep(sum(pause))
                with contextlib.suppress(OSError):
                    self.send_response(code)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(answers.body_bytes))
                    self.end_headers()
                    self.wfile.write(b"x" * answers.body_bytes)

            def do_GET(self):
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(answers.page)))
                self.end_headers()
                self.wfile.write(answers.page.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        found = {}
        for _, code, rows in list(self.requests):
            for i, at, value in rows if code // 100 == 2 else []:
                found.setdefault(i, []).append((at, value))
        return found

    def codes(self):
        return [code for _, code, rows in list(self.requests) if rows]


def samples_of(block):
    """[(i, time, value)] of a 1.0 request."""
    rows = []
    for tag, series in fields(unsnappy(block)):
        if tag != 1:
            continue
        names = {}
        for part, content in fields(series):
            if part == 1:
                pair = dict(fields(content))
                names[pair[1].decode()] = pair[2].decode()
        for part, content in fields(series):
            if part == 2 and "i" in names:
                sample = dict(fields(content))
                rows.append((names["i"], sample.get(2, 0), int(struct.unpack("<d", sample[1])[0])))
    return rows


class ForwardAnswers(unittest.TestCase):
    def run_script(self, script, body_bytes=0, **values):
        with Answers() as there, gateway(there.url, shards=1, **values) as host:
            there.script = list(script)
            there.body_bytes = body_bytes
            stream = Stream(host)
            stream.go_on(10)
            done = lambda: sum(metric(host, f"tarsier_remote_write_{what}_samples_total") for what in ("sent", "failed"))
            wait_for("all requests", lambda: done() == 10 * SERIES)
            return there, stream, metric(host, "tarsier_remote_write_failed_samples_total"), host.log()

    def test_500_is_sent_again(self):
        there, stream, failed, log = self.run_script([(500, {}), (503, {}), (502, {})])
        self.assertEqual(there.taken(), stream.expected(), log)
        self.assertEqual(there.codes()[:4], [500, 503, 502, 204])
        self.assertEqual(failed, 0)

    def test_a_receiver_that_hangs_is_given_up_and_asked_again(self):
        there, stream, failed, log = self.run_script([3, 3], timeout="500ms")
        self.assertEqual(there.taken(), stream.expected(), log)
        self.assertEqual(failed, 0)

    def test_429_with_retry_after_is_waited_for(self):
        there, stream, failed, log = self.run_script([(429, {"Retry-After": "2"})])
        self.assertEqual(there.taken(), stream.expected(), log)
        times = [when for when, _, rows in there.requests if rows]
        self.assertGreaterEqual(times[1] - times[0], 2)
        self.assertEqual(failed, 0)

    def test_400_is_dropped_counted_and_logged(self):
        there, stream, failed, log = self.run_script([(400, {})])
        self.assertGreater(failed, 0)
        self.assertEqual(failed + sum(len(values) for values in there.taken().values()), 10 * SERIES)
        self.assertIn("refused samples for good", log)

    def test_a_long_answer_says_what_its_status_says(self):
        there, stream, failed, log = self.run_script([(500, {}), (400, {})], body_bytes=100_000)
        self.assertEqual(there.codes()[:3], [500, 400, 200], log)
        self.assertGreater(failed, 0)
        self.assertEqual(failed + sum(len(values) for values in there.taken().values()), 10 * SERIES)

    def test_a_redirect_is_not_taken_for_an_answer(self):
        there, stream, failed, log = self.run_script([(302, {"Location": "/login"}), (307, {"Location": "/elsewhere"})])
        self.assertEqual(there.taken(), stream.expected(), log)
        self.assertEqual((there.codes()[:2], failed), ([302, 307], 0))
        self.assertIn("to be found at /login", log)

    def test_a_receiver_that_is_down_holds_up_no_other(self):
        with Answers() as there, Answers() as other:
            other.server.server_close()  # nobody listens any more
            second = f'[[plugin.remote-write.endpoint]]\nname = "other"\nurl = "{other.url}/write"\n'
            with Host(GATEWAY + second, there=there.url, timeout="5s", message=V1, batch=100, shards=2) as host:
                stream = Stream(host)
                stream.go_on(20)
                wait_for("all samples", lambda: there.taken() == stream.expected())
                wait_for("a word about the other", lambda: "remote write fails" in host.log())
                self.assertEqual(metric(host, "tarsier_remote_write_pending_samples"), 20 * SERIES)
                host.kill()
                host.start()
                stream.go_on(5)
                with Answers(other.server.server_port) as back:
                    wait_for("all samples", lambda: back.taken() == stream.expected())
                    wait_for("the first to have them, too", lambda: there.taken() == stream.expected())

    def test_a_stop_waits_for_answers_that_are_owed(self):
        with Answers() as there, gateway(there.url, shards=1) as host:
            there.script = [(204, {}, 1)]
            stream = Stream(host)
            stream.go_on(5)
            wait_for("a request", lambda: there.requests)
            self.assertEqual(host.stop(), 0)
            host.start()
            stream.go_on(5)
            wait_for("all samples", lambda: there.taken() == stream.expected())

    def test_a_stop_does_not_wait_for_a_receiver_that_hangs(self):
        with Answers() as there, gateway(there.url, timeout="30s") as host:
            there.script = [30] * 10
            Stream(host).go_on(5)
            wait_for("a request", lambda: there.requests)
            begun = time.monotonic()
            self.assertEqual(host.stop(), 0)
            self.assertLess(time.monotonic() - begun, 8)


if __name__ == "__main__":
    unittest.main()
