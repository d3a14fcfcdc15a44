"""What a store must bear of its senders and its surroundings: times far away, odd values, huge labels, a second process."""

import math
import struct
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import wire
from host import TARSIER, Host

CONFIG = """
[plugin.remote-write-receiver]
[plugin.samples]
retention = "0s"
future_limit = "0s"
out_of_order_window = "100000d"
[plugin.promql]
"""

LAST_MS = 9_223_372_036_000  # in April 2262, where nanoseconds end
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


def series(labels, *samples):
    pairs = [wire.message(1, wire.message(1, name), wire.message(2, value)) for name, value in sorted(labels.items())]
    rows = [wire.message(2, struct.pack("<Bd", 9, value), wire.number(2, at)) for at, value in samples]
    return wire.message(1, *pairs, *rows)


def write(host, *all_series):
    """(status, text) of a request of remote write 1.0."""
    body = wire.snappy(b"".join(all_series))
    headers = {"content-type": "application/x-protobuf", "content-encoding": "snappy", "x-prometheus-remote-write-version": "0.1.0"}
    request = urllib.request.Request(f"{host.url}/api/v1/write", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def samples(host, metric, at_ms):
    """[(ms, text)] of the minute that ends then."""
    result = host.api("query", query=f"{metric}[1m]", time=f"{at_ms / 1000:.3f}")["result"]
    return [(round(at * 1000), value) for entry in result for at, value in entry["values"]]


class StoreEdges(unittest.TestCase):
    def test_times_of_1970_of_2262_and_before_1970(self):
        with Host(CONFIG) as host:
            expected = {}
            for at in (-3_600_000, -1, 0, 1, LAST_MS - 1, LAST_MS):
                expected[at] = str(at % 1000)
            now = int(time.time() * 1000)
            self.assertEqual(write(host, series({"__name__": "far"}, (now, 5))), (204, ""))
            for at, value in expected.items():
                self.assertEqual(write(host, series({"__name__": "far"}, (at, float(value)))), (204, ""), at)
            ends = (-3_600_000, 1, LAST_MS)
            seen = [sample for end in ends for sample in samples(host, "far", end)]
            self.assertEqual(seen, sorted(expected.items()))
            self.assertEqual(write(host, series({"__name__": "near"}, (now + 1, 6))), (204, ""), "one far ahead makes nothing of others too old")
            host.kill()
            host.start()
            self.assertEqual([sample for end in ends for sample in samples(host, "far", end)], seen)
            self.assertEqual(samples(host, "near", now + 1), [(now + 1, "6")])

    def test_earlier_scrapes_than_the_last_are_taken_and_do_no_harm(self):
        with Host(CONFIG) as host:
            now = int(time.time() * 1000)
            for back in (0, 30_000, 15_000, 45_000, 1):
                self.assertEqual(write(host, series({"__name__": "up"}, (now - back, back))), (204, ""))
            expected = [(now - back, str(back)) for back in (45_000, 30_000, 15_000, 1, 0)]
            self.assertEqual(samples(host, "up", now), expected)

    def test_values_that_are_no_numbers(self):
        with Host(CONFIG) as host:
            now = int(time.time() * 1000)
            values = (math.nan, math.inf, -math.inf, -0.0, 5e-324, STALE)
            self.assertEqual(write(host, series({"__name__": "odd"}, *((now - 1000 * i, value) for i, value in enumerate(reversed(values))))), (204, ""))
            shown = [value for _, value in samples(host, "odd", now)]
            self.assertEqual(shown, ["NaN", "+Inf", "-Inf", "-0", "5e-324"], "a staleness marker is no sample")
            self.assertEqual(host.query("odd"), [], "and ends the series")
            host.kill()
            host.start()
            self.assertEqual([value for _, value in samples(host, "odd", now)], shown)

    def test_a_series_with_ten_megabytes_of_labels_is_refused_by_size_and_the_others_stay(self):
        with Host(CONFIG) as host:
            now = int(time.time() * 1000)
            for labels in ({"__name__": "big", "x": "x" * (10 << 20)}, {"__name__": "x" * (10 << 20)}, {"__name__": "big", "x" * (10 << 20): "x"}):
                now += 1
                status, text = write(host, series(labels, (now, 1)), series({"__name__": "small"}, (now, 2)))
                self.assertEqual(status, 400, text[:500])
                self.assertIn("1 of 2 samples refused", text)
                self.assertIn("bytes of labels", text)
                self.assertLess(len(text), 1000)
                self.assertEqual(samples(host, "small", now)[-1], (now, "2"))
            self.assertEqual(host.value("count({__name__!=''})"), 1)

    def test_a_second_process_on_the_directory_is_refused_and_told_who_has_it(self):
        with Host(CONFIG) as host:
            second = subprocess.run([TARSIER, "run", "-c", host.config_file, *host.arguments, "--plugin-dir", host.plugin_dir], capture_output=True, text=True, cwd=host.directory, timeout=60)
            self.assertNotEqual(second.returncode, 0)
            self.assertIn(f"in use by process {host.process.pid}", second.stdout + second.stderr)
            now = int(time.time() * 1000)
            self.assertEqual(write(host, series({"__name__": "up"}, (now, 1))), (204, ""), "and the first goes on")
            self.assertEqual(host.value("up"), 1)


if __name__ == "__main__":
    unittest.main()
