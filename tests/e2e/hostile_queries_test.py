"""Queries that are made to hurt: each ends in an answer or in a clear error within the limits, the process lives, and its memory stays
bounded."""

import json
import pathlib
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from host import Host
from peer import send

# Small limits, so that what breaks them is soon there. Series that are asked for: 400, of 60 samples each.
CONFIG = """
[plugin.remote-write-receiver]
[plugin.samples]
[plugin.promql]
timeout = "5s"
max_samples = 2000000
"""
MOST_KIB = 900 * 1024  # of memory at any time: what 2 M samples of any kind need, and the store
TOO_MANY = "query processing would load too many samples into memory in query execution"


def ask(url, path, **parameters):
    """(HTTP status, errorType or "success", error text or data)"""
    body = urllib.parse.urlencode(parameters).encode()
    request = urllib.request.Request(f"{url}/api/v1/{path}", body, {"content-type": "application/x-www-form-urlencoded"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read()
            return response.status, "success", json.loads(text)["data"] if len(text) < 1_000_000 else text  # or too deep for Python
    except urllib.error.HTTPError as refused:
        text = refused.read().decode()
        try:
            answer = json.loads(text)
        except ValueError:
            return refused.code, "", text
        return refused.code, answer["errorType"], answer["error"]


def peak_kib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def nested(inner, before, after, depth):
    return before * depth + inner + after * depth


# name: (expression, HTTP status, errorType, what the error says); None: it may be answered or fail by the limits
BAD, TOO_MUCH = (400, "bad_data"), (422, "execution")
INSTANT = {
    "parentheses, deeply nested": (nested("x", "(", ")", 100_000), BAD, "nest"),
    "functions, deeply nested": (nested("x", "abs(", ")", 50_000), BAD, "nest"),
    "aggregations, deeply nested": (nested("x", "sum(", ")", 50_000), BAD, "nest"),
    "subqueries, deeply nested": (nested("x", "max_over_time(", "[1m:])", 20_000), BAD, "nest"),
    "a chain of minus signs": ("-" * 200_000 + "x", BAD, "nest"),
    "brackets that are never closed": ("(" * 500_000, BAD, ""),
    "a megabyte of text": ("x" * 1_000_000, None, ""),
    "a megabyte of text in quotes": ('x{job="' + "y" * 1_000_000 + '"}', None, ""),
    "a megabyte of operators": ("+".join(["x"] * 400_000), None, ""),
    "a megabyte of alternatives": ('x{i=~"' + "|".join(str(i) for i in range(150_000)) + '"}', None, ""),
    "a regular expression that doubles": ('x{i=~"' + nested("a", "(", "{1,100})", 6) + '"}', BAD, ""),
    "a regular expression that backtracks": ('x{i=~"' + "(a+)+" * 30 + 'b"}', None, ""),
    "a regular expression in label_replace()": ('label_replace(x, "y", "$1", "i", "((((a*)*)*)*)*b")', None, ""),
    "labels that grow at each turn": (nested("x", "label_replace(", ', "y", "$1$1$1$1$1$1$1$1", "y", "(.*)")', 40).replace("x", 'label_replace(x, "y", "0123456789", "", "")', 1), None, ""),
    "a join of all with all": ("x * on() group_left() x", TOO_MUCH, "many-to-many"),
    "a join of many with many": ("x * on(job) group_left(i) x", TOO_MUCH, "many-to-many"),
    "a group for each value": ('count_values("value", x)', None, ""),
    "a subquery of a billion steps": ("count_over_time(x[30y:1ms])", TOO_MUCH, TOO_MANY),
    "subqueries in subqueries": ("max_over_time(max_over_time(max_over_time(x[1h:1s])[1h:1s])[1h:1s])", None, ""),
    "a range of a billion points": ("x[30y:1ms]", TOO_MUCH, TOO_MANY),
    "a quantile over everything": ("quantile(0.99, x) + quantile by (i) (0.5, x)", None, ""),
    "a quantile over long windows": ("quantile_over_time(0.99, x[10y])", None, ""),
    "a limit that is no number": ("topk(1e300, x) + bottomk(NaN, x) + topk(-1e300, x)", None, ""),
    "bytes that are no text": ("x{job=\"\xff\xfe\x00\"}", None, ""),
}
RANGE = {
    "a billion points": ("x", dict(start=0, end=1_000_000_000, step=1), BAD, "exceeded maximum resolution"),
    "a step of nearly nothing": ("x", dict(start=0, end=1, step="1e-9"), BAD, ""),
    "eleven thousand points of everything": ("x", dict(start=0, end=10_999, step=1), None, ""),
    "eleven thousand points, many times": (" + ".join(f"(x * {i})" for i in range(30)), dict(start=0, end=10_999, step=1), None, ""),
    "a group for each value of each step": ('count_values("value", x + time())', dict(start=0, end=10_999, step=1), None, ""),
    "a quantile at each step": ("quantile_over_time(0.5, x[3h]) > quantile_over_time(0.4, x[3h])", dict(start=0, end=10_999, step=1), None, ""),
    "subqueries at each step": ("max_over_time(rate(x[1m])[1d:1s])", dict(start=0, end=10_999, step=1), None, ""),
    "labels at each step": ('label_join(x, "y", ' + ",".join(['"i"'] * 5000).join(['"", ', ")"]), dict(start=0, end=10_999, step=1), None, ""),
}


class HostileQueries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host(CONFIG).__enter__()
        cls.addClassCleanup(cls.host.close)
        cls.now = int(time.time())
        times = [(cls.now - 600 + 10 * i) * 1000 for i in range(60)]
        send(cls.host.url, [({"__name__": "x", "job": f"j{i % 2}", "i": str(i)}, [(at, i * 1000 + n) for n, at in enumerate(times)]) for i in range(400)])

    def check(self, name, wanted, text, path, **parameters):
        begun = time.monotonic()
        status, kind, found = ask(self.host.url, path, **parameters)
        with self.subTest(name, path=path, seconds=round(time.monotonic() - begun, 1)):
            if wanted is not None:
                self.assertEqual((status, kind), wanted, str(found)[:300])
                self.assertIn(text, found)
            else:
                self.assertIn((status, kind), [(200, "success"), BAD, TOO_MUCH, (503, "timeout")], str(found)[:300])
            self.assertLess(len(str(found)) if kind != "success" else 0, 20_000, "an error is for people to read")
            self.assertIsNone(self.host.process.poll(), self.host.log()[-2000:])

    def test_each_ends_within_the_limits(self):
        for name, (expression, wanted, text) in INSTANT.items():
            self.check(name, wanted, text, "query", query=expression, time=self.now)
        for name, (expression, times, wanted, text) in RANGE.items():
            moved = {key: at + self.now - 11_000 if key != "step" and times["end"] < 1e9 else at for key, at in times.items()}
            self.check(name, wanted, text, "query_range", query=expression, **moved)
        for name in ["parentheses, deeply nested", "a megabyte of operators", "a megabyte of text", "a chain of minus signs"]:
            for path in ["parse_query", "format_query", "explain_query"]:
                self.check(name, None, "", path, query=INSTANT[name][0])
        try:
            code = ask(self.host.url, "parse_query", query="x" * 11_000_000)[0]
        except (urllib.error.URLError, ConnectionError):
            code = 413  # told, and cut off, while the rest was still being sent
        self.assertEqual(code, 413)
        self.assertEqual(ask(self.host.url, "query", query="count(x)", time=self.now - 100)[2]["result"][0]["value"][1], "400")
        self.assertLess(peak_kib(self.host.process), MOST_KIB)


if __name__ == "__main__":
    unittest.main()
