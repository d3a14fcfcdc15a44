"""write_relabel_configs: the same rules in a Prometheus and in ours, and what a receiver gets of the same page from both."""

import http.server
import json
import threading
import time
import unittest

from host import Host, wait_for
from peer import Peer, needs_prometheus
from relabel_test import page_server, toml
from wire import fields, unsnappy

EXTERNAL = {"site": "north", "queue": "external", "shard": "external"}

# One chain an endpoint; all have external labels before them.
CHAINS = {
    "none": [],
    "keep": [{"source_labels": ["__name__"], "regex": "old_total|request_.*", "action": "keep"}],
    "drop_by_external": [{"source_labels": ["site", "shard"], "regex": "north;b", "action": "drop"}],
    "labelmap": [{"regex": "(.+)_uid", "replacement": "mapped_$1", "action": "labelmap"}, {"regex": ".+_uid", "action": "labeldrop"}],
    "two_to_one": [{"regex": "Path|exported_job", "replacement": "both", "action": "labelmap"}],
    "over_external": [{"source_labels": ["site", "queue"], "target_label": "site", "regex": "(.*);(.*)", "replacement": "$2-$1"}],
    "without_name": [{"regex": "__name__", "action": "labeldrop"}],
    "hash": [{"source_labels": ["__name__", "le"], "modulus": 3, "target_label": "h", "action": "hashmod"},
             {"source_labels": ["h"], "regex": "1", "action": "drop"}],
    "case": [{"source_labels": ["queue"], "target_label": "queue", "action": "uppercase"}],
    "dropequal": [{"source_labels": ["queue"], "target_label": "shard", "action": "dropequal"}],
    "labelkeep": [{"regex": "__name__|site|le", "action": "labelkeep"}],
}


class Sink:
    """Takes everything, and remembers the series by the path that they came to."""

    def __enter__(self):
        self.series, self.lock = {}, threading.Lock()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = unsnappy(self.rfile.read(int(self.headers["content-length"])))
                with sink.lock:
                    sink.series.setdefault(self.path, set()).update(label_sets(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def of(self, path):
        with self.lock:
            return set(self.series.get(path, ()))


def label_sets(request):
    for tag, series in fields(request):
        if tag != 1:
            continue
        pairs = [dict(fields(content)) for part, content in fields(series) if part == 1]
        yield tuple(sorted((pair.get(1, b"").decode(), pair.get(2, b"").decode()) for pair in pairs))


def ours(target, sink):
    queue = {"batch_send_deadline": "200ms"}
    endpoints = "".join(
        f"[[plugin.remote-write.endpoint]]\nname = \"{name}\"\nurl = \"{sink.url}/ours/{name}\"\nqueue_config = {toml(queue)}\n"
        f"metadata_config = {{ send = false }}\nwrite_relabel_configs = {toml(rules)}\n" for name, rules in CHAINS.items())
    return (f"[plugin.remote-write]\nexternal_labels = {toml(EXTERNAL)}\n{endpoints}"
            f"[plugin.scrape]\nscrape_interval = \"1s\"\nscrape_timeout = \"1s\"\n"
            f"[[plugin.scrape.job]]\njob_name = \"page\"\nstatic_configs = [{{ targets = [\"{target}\"] }}]\n")


def theirs(target, sink):
    return json.dumps({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "external_labels": EXTERNAL},
        "scrape_configs": [{"job_name": "page", "static_configs": [{"targets": [target]}]}],
        "remote_write": [{"name": name, "url": f"{sink.url}/theirs/{name}", "queue_config": {"batch_send_deadline": "200ms"},
                          "metadata_config": {"send": False}, "write_relabel_configs": rules} for name, rules in CHAINS.items()],
    })


class BesidePrometheus(unittest.TestCase):
    @needs_prometheus
    def test_the_same_rules_send_the_same_series(self):
        with page_server() as target, Sink() as sink, Host(ours(target, sink)), Peer(theirs(target, sink)):
            def all_there(whose):
                return [sink.of(f"/{whose}/{name}") for name in CHAINS]

            wait_for("all that is sent", lambda: all(all_there("ours")) and all(all_there("theirs")), timeout=60)
            time.sleep(3)  # a later scrape must not bring others
            for name in CHAINS:
                with self.subTest(name):
                    self.assertEqual(sink.of(f"/ours/{name}") ^ sink.of(f"/theirs/{name}"), set())


if __name__ == "__main__":
    unittest.main()
