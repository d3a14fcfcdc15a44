"""Deletion, cleaning, snapshots and flushes over HTTP, as clients of Prometheus ask for them."""

import json
import pathlib
import shutil
import struct
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from host import Host

CONFIG = """
[plugin.remote-write-receiver]
[plugin.samples]
[plugin.promql]
admin_api = true
"""


def varint(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def snappy(data):
    """One literal after another, which is valid."""
    pieces = [data[i : i + 60] for i in range(0, len(data), 60)]
    return varint(len(data)) + b"".join(bytes([len(piece) - 1 << 2]) + piece for piece in pieces)


def series(labels, samples):
    """A TimeSeries of remote write 1.0; samples are (seconds, value)."""
    pairs = b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in sorted(labels.items()))
    return pairs + b"".join(field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(int(at * 1000))) for at, value in samples)


def request(url, method="POST", data=b"", headers=None):
    """Status and body, also of an error."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=headers or {}), timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as failed:
        return failed.code, failed.read()


class Administration(unittest.TestCase):
    def write(self, host, *all_series):
        body = snappy(b"".join(field(1, one) for one in all_series))
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}
        status, answer = request(host.url + "/api/v1/write", data=body, headers=headers)
        self.assertIn(status, (200, 204), answer)

    def admin(self, host, path, method="POST", **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        return request(f"{host.url}/api/v1/admin/tsdb/{path}?{query}", method)

    def counts(self, host):
        """{i: number of samples}"""
        at = self.begin + 300
        return {labels["i"]: int(value) for labels, value in self.instant(host, "count_over_time(m[20m])", at)}

    def instant(self, host, expression, at):
        result = host.api("query", query=expression, time=at)["result"]
        return [(entry["metric"], float(entry["value"][1])) for entry in result]

    def setUp(self):
        self.begin = int(time.time()) - 600

    def points(self, first, last):
        return [(self.begin + i, float(i)) for i in range(first, last)]

    def test_what_is_deleted_stays_away_and_a_snapshot_starts_another_host(self):
        with tempfile.TemporaryDirectory(prefix="tarsier-e2e-") as first, tempfile.TemporaryDirectory(prefix="tarsier-e2e-") as second:
            with Host(CONFIG, first) as host:
                self.write(host, *(series({"__name__": "m", "i": str(i)}, self.points(0, 100)) for i in range(3)))
                self.assertEqual(self.counts(host), {"0": 100, "1": 100, "2": 100})
                status, answer = self.admin(host, "delete_series", **{"match[]": ['m{i="0"}', 'm{i=~"1|x"}'], "start": self.begin + 10, "end": self.begin + 99})
                self.assertEqual((status, answer), (204, b""))
                self.assertEqual(self.counts(host), {"0": 10, "1": 10, "2": 100})
                self.write(host, series({"__name__": "m", "i": "0"}, self.points(200, 205)))
                self.assertEqual(self.counts(host), {"0": 15, "1": 10, "2": 100})
                host.kill()
                host.start()
                self.assertEqual(self.counts(host), {"0": 15, "1": 10, "2": 100})
                self.assertEqual(self.admin(host, "clean_tombstones", "PUT"), (204, b""))
                self.assertEqual(self.counts(host), {"0": 15, "1": 10, "2": 100})
                self.assertEqual(request(host.url + "/-/flush")[0], 200)
                self.write(host, series({"__name__": "m", "i": "2"}, self.points(200, 201)))
                status, answer = self.admin(host, "snapshot", skip_head="false")
                self.assertEqual(status, 200, answer)
                name = json.loads(answer)["data"]["name"]
                self.assertRegex(name, r"^\d{8}T\d{6}Z-[0-9a-f]{8}$")
                self.write(host, series({"__name__": "m", "i": "2"}, self.points(201, 202)))
                expected = {"0": 15, "1": 10, "2": 101}
                shutil.copytree(pathlib.Path(first, "data/snapshots", name), pathlib.Path(second, "data"))
                with Host(CONFIG, second) as copy:
                    self.assertEqual(self.counts(copy), expected)
                self.assertEqual(self.counts(host), {"0": 15, "1": 10, "2": 102})

    def test_requests_are_refused_as_prometheus_refuses_them(self):
        with Host(CONFIG) as host:
            status, answer = self.admin(host, "delete_series")
            self.assertEqual((status, json.loads(answer)["error"]), (400, "no match[] parameter provided"))
            status, answer = self.admin(host, "delete_series", **{"match[]": "m", "start": "then"})
            self.assertEqual((status, json.loads(answer)["errorType"]), (400, "bad_data"))
            status, answer = self.admin(host, "delete_series", **{"match[]": "m", "start": "2", "end": "1"})
            self.assertEqual((status, json.loads(answer)["errorType"]), (400, "bad_data"))
            status, answer = self.admin(host, "snapshot", skip_head="maybe")
            self.assertEqual((status, json.loads(answer)["errorType"]), (400, "bad_data"))
            self.assertEqual(self.admin(host, "delete_series", "GET", **{"match[]": "m"})[0], 405)

    def test_the_files_of_the_store_are_listed_as_blocks_and_keep_their_ids(self):
        with Host(CONFIG) as host:
            self.assertEqual(host.api("status/tsdb/blocks"), {"blocks": []})
            self.write(host, *(series({"__name__": "m", "i": str(i)}, self.points(0, 100)) for i in range(3)))
            self.assertEqual(request(host.url + "/-/flush")[0], 200)
            blocks = host.api("status/tsdb/blocks")["blocks"]
            self.assertEqual(sum(block["stats"]["numSamples"] for block in blocks), 300)
            self.assertEqual(min(block["minTime"] for block in blocks), self.begin * 1000)
            self.assertEqual(max(block["maxTime"] for block in blocks), (self.begin + 99) * 1000 + 1)
            for block in blocks:
                self.assertRegex(block["ulid"], "^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
                self.assertEqual((block["stats"]["numSeries"], block["version"]), (3, 1))
                self.assertEqual(block["compaction"]["sources"], [block["ulid"]])
            host.kill()
            host.start()
            self.assertEqual(host.api("status/tsdb/blocks")["blocks"], blocks)

    def test_it_is_off_unless_it_is_turned_on(self):
        with Host(CONFIG.replace("admin_api = true", "")) as host:
            for path in ("delete_series", "clean_tombstones", "snapshot"):
                status, answer = self.admin(host, path, **{"match[]": "m"})
                self.assertEqual((status, json.loads(answer)["errorType"], json.loads(answer)["error"]), (500, "unavailable", "admin APIs disabled"))
            self.assertEqual(request(host.url + "/-/flush")[0], 200)


if __name__ == "__main__":
    unittest.main()
