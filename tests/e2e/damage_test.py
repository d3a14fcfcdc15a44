"""Damaged files of the store: every kind of answer that lacks something because of them says so."""

import json
import pathlib
import tempfile
import time
import unittest
import urllib.parse

from host import Host, get
from peer import labels, post
from wire import double, message, number, snappy

CONFIG = """
[plugin.remote-write-receiver]
[plugin.samples]
[plugin.promql]
"""


def spoil(file):
    """Overwrites all but the head of a file."""
    data = file.read_bytes()
    file.write_bytes(data[:8192] + bytes(byte ^ 0x55 for byte in data[8192:]))


class Damage(unittest.TestCase):
    def write(self, host, now_ms):
        samples = b"".join(message(2, double(1, float(i)), number(2, now_ms - 60_000 + i * 1000)) for i in range(60))
        exemplar = message(3, labels({"trace_id": "a"}), double(2, 1.0), number(3, now_ms - 1000))
        series = message(1, labels({"__name__": "m_total", "job": "a"}), samples, exemplar)
        post(host.url + "/api/v1/write", snappy(series), content_type="application/x-protobuf", content_encoding="snappy",
             x_prometheus_remote_write_version="0.1.0")
        post(host.url + "/-/flush", b"")

    def test_every_answer_that_may_lack_something_says_so(self):
        now = int(time.time())
        questions = [
            ("query", {"query": "m_total", "time": now}), ("query", {"query": "sum(rate(m_total[1m]))", "time": now}),
            ("query_range", {"query": "m_total", "start": now - 60, "end": now, "step": 10}),
            ("series", {"match[]": "m_total"}), ("labels", {}), ("labels", {"match[]": "m_total"}), ("label/job/values", {}),
            ("query_exemplars", {"query": "m_total"}),
        ]
        with tempfile.TemporaryDirectory(prefix="tarsier-e2e-") as directory:
            def ask(host):
                return [json.loads(get(f"{host.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")[2]) for path, parameters in questions]

            with Host(CONFIG, directory) as host:
                self.write(host, now * 1000)
                for question, answer in zip(questions, ask(host)):
                    self.assertTrue(answer["data"], question)
                    self.assertNotIn("warnings", answer, question)
                host.stop()
                stored = pathlib.Path(directory, "data/samples")
                files = [file for file in stored.glob("*/data.mdb") if not file.parent.name.startswith(("active", "series", "deletions"))]
                self.assertTrue(any(file.parent.name.startswith("exemplars") for file in files), files)
                self.assertTrue(any(file.parent.name[0].isdigit() for file in files), files)
                for file in files:
                    spoil(file)
                host.start()
                for question, answer in zip(questions, ask(host)):
                    self.assertEqual(answer["status"], "success", question)
                    about = "exemplars may be missing: " if question[0] == "query_exemplars" else "samples are missing: "
                    self.assertTrue(any(about in text and "is damaged" in text for text in answer.get("warnings", [])), (question, answer))
                read = message(1, number(1, (now - 60) * 1000), number(2, now * 1000), message(3, message(2, "job"), message(3, "a")))
                for _ in range(3):
                    self.assertEqual(get(host.url + "/federate?match[]=m_total")[0], 200)
                    self.assertEqual(post(host.url + "/api/v1/read", snappy(read), content_type="application/x-protobuf", content_encoding="snappy")[0], 200)
                for where in ("/federate: samples are missing", "remote read: samples are missing"):
                    # One for each damaged file, of which there are two when the samples lie on both sides of a window's end.
                    told = [line[line.index(where):] for line in host.log().splitlines() if where in line]
                    self.assertTrue(told, where)
                    self.assertEqual(len(told), len(set(told)), "once: such clients come again and again")


if __name__ == "__main__":
    unittest.main()
