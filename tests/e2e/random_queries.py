"""Random PromQL: queries by a grammar, from a seed, over series that random_series() makes. Only what Prometheus 3.5 knows, without
what has no one answer (topk of equal values, the order of series)."""

import random

INSTANT = ["gauge", "wide", "steady_total", "resets_total", "bucket", "gaps"]
COUNTERS = ["steady_total", "resets_total", "wide"]
LABELS = ["a", "b", "le"]
RANGES = ["30s", "1m", "97s", "5m"]
OVER_TIME = ["avg", "min", "max", "sum", "count", "last", "present", "stddev", "stdvar"]
MATH = ["abs", "ceil", "floor", "exp", "sqrt", "ln", "sgn", "round", "-", "deg", "sin", "atan", "timestamp"]
AGGREGATIONS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"]
COMPARISONS = ["==", "!=", ">", "<", ">=", "<="]


def random_series(seed, start_ms, count, step_ms):
    """[(labels, [(time_ms, value)])]: counters with and without resets, gauges, gaps, special values, a classic histogram."""
    chance = random.Random(seed)
    series = []

    def add(name, labels, value, keep=lambda i: True):
        rows = [(start_ms + i * step_ms + chance.randrange(step_ms // 10), value(i)) for i in range(count) if keep(i)]
        series.append(({"__name__": name, **labels}, rows))

    for a in "xyz":
        for b in "12":
            add("gauge", {"a": a, "b": b}, lambda i: chance.choice([chance.uniform(-100, 100), chance.randrange(-5, 5), 0.0, 1e9, -0.0]))
            total = [0.0]

            def rising(i, total=total):
                total[0] += chance.randrange(0, 20)
                return total[0]

            def falling(i, total=total):
                total[0] = 0.0 if chance.random() < 0.05 else total[0] + chance.random() * 10
                return total[0]

            add("steady_total", {"a": a, "b": b}, rising)
            add("resets_total", {"a": a, "b": b}, falling)
        add("gaps", {"a": a}, lambda i: float(i % 7), keep=lambda i: (i // 15) % 3 != 1 and chance.random() < 0.8)
        add("special", {"a": a}, lambda i: chance.choice([float("nan"), float("inf"), float("-inf"), 1.0, 0.0]))
        steps = [[0] * 4 for _ in range(1)]
        counts = []
        for _ in range(count):
            for k in range(4):
                steps[0][k] += chance.randrange(0, 4)
            counts.append(list(steps[0]))
        for k, le in enumerate(["0.1", "1", "5", "+Inf"]):
            add("bucket", {"a": a, "le": le}, lambda i, k=k: float(sum(counts[i][: k + 1])))
    for i in range(20):
        add("wide", {"n": str(i), "a": chance.choice("xyz")}, lambda j, i=i: float(j * (i + 1)))
    return series


class Grammar:
    def __init__(self, seed):
        self.chance = random.Random(seed)

    def pick(self, options):
        return self.chance.choice(options)

    def maybe(self, text, chance=0.3):
        return text if self.chance.random() < chance else ""

    def query(self):
        return self.vector(3) if self.chance.random() < 0.95 else self.scalar(2)

    def selector(self, names=INSTANT, ranged=""):
        name = self.pick(names + (["special"] if names is INSTANT and self.chance.random() < 0.1 else []))
        matchers = self.pick(["", "", "", '{a="x"}', '{a=~"x|y"}', '{a!="z"}', '{a!~"x.*",b="1"}', '{b=~".+"}', '{b=""}'])
        at = self.pick(["", "", "", "", " @ start()", " @ end()"])
        offset = self.pick(["", "", "", "", " offset 1m", " offset -45s", " offset 0s"])
        return name + matchers + ranged + at + offset

    def matrix(self, depth, names=INSTANT):
        window = self.pick(RANGES)
        if depth > 0 and self.chance.random() < 0.25:
            return f"({self.vector(depth - 1)})[{window}:{self.pick(['', '7s', '20s', '1m'])}]"
        return self.selector(names, f"[{window}]")

    def scalar(self, depth):
        simple = [str(self.chance.randrange(-3, 10)), "0.5", "time()", "1e3", "pi()", "NaN", "Inf"]
        if depth == 0 or self.chance.random() < 0.6:
            return self.pick(simple)
        if self.chance.random() < 0.3:
            return f"scalar({self.aggregation(depth - 1)})"
        return f"({self.scalar(depth - 1)} {self.pick(ARITHMETIC)} {self.scalar(depth - 1)})"

    def grouping(self):
        labels = ", ".join(self.chance.sample(["a", "b", "n", "le"], self.chance.randrange(0, 3)))
        return self.pick(["", f" by ({labels}) ", f" without ({labels}) "])

    def aggregation(self, depth):
        inner = self.vector(depth - 1) if depth > 0 else self.selector()
        if self.chance.random() < 0.15:
            return f"quantile{self.grouping()}({self.pick(['0', '0.3', '0.99', '1', '2'])}, {inner})"
        return f"{self.pick(AGGREGATIONS)}{self.grouping()}({inner})"

    def binary(self, depth):
        if self.chance.random() < 0.4:
            op = self.pick(ARITHMETIC + COMPARISONS)
            boolean = self.maybe(" bool", 0.3) if op in COMPARISONS else ""
            sides = [self.vector(depth - 1), self.scalar(1)]
            self.chance.shuffle(sides)
            return f"({sides[0]}) {op}{boolean} ({sides[1]})"
        if self.chance.random() < 0.3:
            return f"({self.vector(depth - 1)}) {self.pick(['and', 'or', 'unless'])}{self.pick(['', ' on (a)', ' ignoring (b)'])} ({self.vector(depth - 1)})"
        op = self.pick(ARITHMETIC + COMPARISONS)
        boolean = self.maybe(" bool", 0.3) if op in COMPARISONS else ""
        if self.chance.random() < 0.4:
            return f"({self.vector(depth - 1)}) {op}{boolean} on (a) group_left () sum by (a) ({self.vector(depth - 1)})"
        matching = self.pick(["", " on (a, b)", " ignoring (n)", " on (a)"])
        return f"({self.vector(depth - 1)}) {op}{boolean}{matching} ({self.vector(depth - 1)})"

    def range_call(self, depth):
        name = self.pick(["rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets", "over", "over", "over", "quantile", "predict", "absent"])
        if name in ("rate", "increase", "irate", "resets"):
            return f"{name}({self.matrix(depth, COUNTERS)})"
        if name == "over":
            return f"{self.pick(OVER_TIME)}_over_time({self.matrix(depth)})"
        if name == "quantile":
            return f"quantile_over_time({self.pick(['0.1', '0.5', '1', '-1'])}, {self.matrix(depth)})"
        if name == "predict":
            return f"predict_linear({self.matrix(depth)}, {self.pick(['60', '-30', '3600'])})"
        if name == "absent":
            return f"absent_over_time({self.matrix(depth)})"
        return f"{name}({self.matrix(depth)})"

    def call(self, depth):
        inner = self.vector(depth - 1)
        name = self.pick(MATH + ["clamp", "clamp_min", "label_replace", "label_join", "absent", "date", "histogram", "sum_bucket"])
        if name == "date":  # of NaN it is what a conversion happens to give
            return f"{self.pick(['hour', 'minute', 'day_of_week', 'days_in_month'])}(timestamp({self.selector()}) + {self.chance.randrange(-10**9, 10**9)})"
        if name == "-":
            return f"-({inner})"
        if name == "clamp":
            return f"clamp({inner}, {self.scalar(1)}, {self.scalar(1)})"
        if name == "clamp_min":
            return f"clamp_min({inner}, {self.scalar(1)})"
        if name == "round":
            return f"round({inner}, {self.pick(['1', '0.1', '7'])})"
        if name == "label_replace":
            return f'label_replace({inner}, "new", "<$1>", "a", "(.*)")'
        if name == "label_join":
            return f'label_join({inner}, "new", "-", "a", "b")'
        if name in ("histogram", "sum_bucket"):
            grouped = "sum by (le) " if name == "sum_bucket" else ""
            return f"histogram_quantile({self.pick(['0.5', '0.9', '0', '1', '1.1'])}, {grouped}(rate(bucket[{self.pick(RANGES)}])))"
        return f"{name}({inner})"

    def vector(self, depth):
        if depth <= 0:
            return self.selector()
        make = self.pick([self.call, self.aggregation, self.aggregation, self.binary, self.binary, self.range_call, self.range_call, lambda _: self.selector()])
        return make(depth)
