"""Relabelling of targets and of series: the same jobs in a Prometheus (TARSIER_PROMETHEUS, or the installed one) and in ours."""

import contextlib
import http.server
import json
import random
import re
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

from check_test import check
from host import Host, get, wait_for
from peer import Peer, needs_prometheus, prometheus_major

PLUGINS = "[plugin.samples]\n[plugin.promql]\n[plugin.scrape]\n"
LATER_LABELS = {"__convert_classic_histograms_to_nhcb__", "__always_scrape_classic_histograms__", "__scrape_native_histograms__"}
POD = "__meta_kubernetes_pod_"

PAGE = b"""# TYPE go_goroutines gauge
go_goroutines 7
go_gc_cycles 1
# TYPE request_seconds histogram
request_seconds_bucket{le="0.1",pod_uid="1"} 1
request_seconds_bucket{le="2.5",pod_uid="1"} 2
request_seconds_bucket{le="+Inf",pod_uid="1"} 3
request_seconds_sum{pod_uid="1"} 4
request_seconds_count{pod_uid="1"} 3
old_total{shard="a",job="own",Path="/A"} 5
old_total{shard="b",job="own",Path="/A"} 6
queue_size{queue="In"} 8
"""

MAJOR = prometheus_major()
needs_any_prometheus = unittest.skipUnless(MAJOR >= 2, "needs a Prometheus")


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {toml(entry)}" for name, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def ours(jobs):
    return PLUGINS + "".join("[[plugin.scrape.job]]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in job.items()) for job in jobs)


def theirs(jobs):
    return json.dumps({"scrape_configs": jobs})


@contextlib.contextmanager
def page_server(page=PAGE):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = page + f'asked{{url={json.dumps(self.path)}}} 1\n'.encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def frozen(labels):
    return tuple(sorted((name, value) for name, value in labels.items() if not any(later in name for later in LATER_LABELS)))


def targets(url):
    """What is scraped and what is dropped, by pool, without what changes from scrape to scrape."""
    data = json.loads(get(url + "/api/v1/targets")[2])["data"]
    active = {(target["scrapePool"], frozen(target["discoveredLabels"]) if MAJOR == 3 else (), frozen(target["labels"]), target["scrapeUrl"],
               target["scrapeInterval"], target["scrapeTimeout"]) for target in data["activeTargets"]}  # 2.42 spoils what was discovered
    return active, {frozen(target["discoveredLabels"]) for target in data["droppedTargets"]}


def series(url, job):
    query = urllib.parse.urlencode({"query": f'{{job="{job}",__name__!="scrape_duration_seconds",__name__!="scrape_series_added"}}'})
    result = json.loads(get(f"{url}/api/v1/query?{query}")[2])["data"]["result"]
    return {(frozen(entry["metric"]), entry["value"][1]) for entry in result}


def rule(sources=(), target="", **more):
    written = {"source_labels": list(sources), "target_label": target, **more}
    return {name: value for name, value in written.items() if value or name not in ("source_labels", "target_label")}


def real_jobs(address):
    pod = lambda **labels: {"targets": [address], "labels": {POD + name: value for name, value in labels.items()}}
    return [
        {"job_name": "kubernetes", "scrape_interval": "1h", "static_configs": [
            pod(annotation_prometheus_io_scrape="true", annotation_prometheus_io_path="/stats/of it?x=1", annotation_prometheus_io_port="9102", name="cart-1",
                phase="Running", label_app="cart", label_pod_template_hash="7f", annotation_prometheus_io_param_format="te xt&"),
            pod(annotation_prometheus_io_scrape="true", annotation_prometheus_io_scheme="https", name="cart-2", phase="Running", label_app="cart"),
            pod(annotation_prometheus_io_scrape="true", name="cart-3", phase="Failed"), pod(name="cart-4")],
         "relabel_configs": [
             rule([POD + "annotation_prometheus_io_scrape"], regex="true", action="keep"),
             rule([POD + "phase"], regex="Pending|Succeeded|Failed|Completed", action="drop"),
             rule([POD + "annotation_prometheus_io_scheme"], "__scheme__", regex="(https?)"),
             rule([POD + "annotation_prometheus_io_path"], "__metrics_path__", regex="(.+)"),
             rule(["__address__", POD + "annotation_prometheus_io_port"], "__address__", regex=r"([^:]+)(?::\d+)?;(\d+)", replacement="$1:$2"),
             rule(regex=POD + "annotation_prometheus_io_param_(.+)", replacement="__param_$1", action="labelmap"),
             rule(regex=POD + "label_(.+)", action="labelmap"), rule([POD + "name"], "pod"), rule(regex="pod_template_hash", action="labeldrop")]},
        {"job_name": "blackbox", "scrape_interval": "1h", "metrics_path": "/probe", "params": {"module": ["http_2xx", "b"], "a": ["ü /"]},
         "static_configs": [{"targets": ["https://example.org/health?x=1", "https://example.com"]}],
         "relabel_configs": [rule(["__address__"], "__param_target"), rule(["__param_target"], "instance"), rule(target="__address__", replacement="127.0.0.1:9115")]},
        {"job_name": "sharded", "scrape_interval": "1h", "static_configs": [{"targets": [f"host-{i}:9100" for i in range(64)]}],
         "relabel_configs": [rule(["__address__"], "__tmp_hash", modulus=3, action="hashmod"), rule(["__tmp_hash"], regex="1", action="keep"),
                             rule(["__tmp_hash"], "shard")]},
        {"job_name": "periods", "scrape_interval": "30s", "static_configs": [{"targets": ["a:1"], "labels": {"every": "90s", "within": "4s"}}, {"targets": ["b:1"], "labels": {"every": "soon"}},
                                                   {"targets": ["c:1"], "labels": {"every": "1m", "within": "2m"}}, {"targets": ["d:1"], "labels": {"drop": "address"}}],
         "relabel_configs": [rule(["every"], "__scrape_interval__", regex="(.+)"), rule(["within"], "__scrape_timeout__", regex="(.+)"),
                             rule(["drop"], "__address__", regex="address", replacement="")]},
        {"job_name": "same", "scrape_interval": "1h", "static_configs": [{"targets": ["a:1", "b:1"], "labels": {"instance": "x"}}],
         "relabel_configs": [rule(target="__address__", replacement="c:1"), rule(target="__metrics_path__", replacement="m"), rule(["job"], "JOB", action="uppercase")]},
    ]


def random_jobs(seed, count):
    """Rules of every action on labels that they know, each job with a few targets that no rule scrapes soon."""
    choose = random.Random(seed)
    names = ["a", "b", "c1", "c2", "__meta_d", "__meta_e", "__tmp", "job", "instance"]
    values = ["foo", "Bar", "foo-bar", "10.0.0.1:80", "x,y,z", "true", "1", "Größe", "a b"]
    regexes = ["(.*)", "(.+)", "foo", "f.*", "(?i)BAR", "([^-]+)-(.*)", r"(.*):(\d+)", "a|b|c.", "(c)(.)", "__meta_(.+)", "(?P<first>[^,]+),.*", "", "x?y*", "[[:alpha:]]+",
               "foo;.*", "(.*);(.*)"]
    replacements = ["$1", "${1}", "$2", "$1-$2", "${first}", "$0", "x$$1", "const", "", "$1x", "${1}x", "$", "é$1"]
    # No two labels are mapped onto one name: the original takes any of them.
    maps = [("(.+)", "m_$1"), ("__meta_(.+)", "${1}"), ("(c)(.)", "n_${2}_${1}"), ("(?i)A", "A_$0"), ("nothing", "none")]

    def sources():
        return choose.sample(names, choose.randint(1, 3))

    def any_rule():
        target, regex = choose.choice(names + ["new", "other"]), choose.choice(regexes)
        action = choose.choice(["replace"] * 5 + ["keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase", "keepequal", "dropequal"])
        if action == "replace":
            return rule(sources() if choose.random() < 0.9 else [], choose.choice([target, target, "t_$1", "${1}"]), regex=regex, separator=choose.choice([";", "-", ""]),
                        replacement=choose.choice(replacements))
        if action in ("keep", "drop"):
            return rule(sources(), regex=choose.choice(["foo|bar.*", ".*o-.*", "x.*|;.*"] if action == "drop" else [".*", ".+", ".*[a-zA-Z].*"]), action=action)
        if action == "hashmod":
            return rule(sources(), target, modulus=choose.choice([1, 2, 7, 1000003, 2**62]), action=action)
        if action == "labelmap":
            regex, replacement = choose.choice(maps)
            return rule(regex=regex, replacement=replacement, action=action)
        if action in ("labeldrop", "labelkeep"):
            return rule(regex=regex if action == "labeldrop" else "__.*|job|" + "|".join(names[:4]), action=action)
        if action in ("lowercase", "uppercase"):
            return rule(sources(), target, action=action)
        return rule(choose.sample(names, 1) if action == "dropequal" else [target], target, action=action)

    return [{"job_name": f"random-{i}", "scrape_interval": "1h", "relabel_configs": [any_rule() for _ in range(choose.randint(1, 6))],
             "static_configs": [{"targets": [f"host-{k}:9100"], "labels": {name: choose.choice(values) for name in names[:7] if choose.random() < 0.7}} for k in range(8)]}
            for i in range(count)]


@needs_any_prometheus
class BesidePrometheus(unittest.TestCase):
    maxDiff = None

    def assert_same_targets(self, jobs):
        with Host(ours(jobs)) as host, Peer(theirs(jobs)) as peer:
            told = targets(host.url)
            with contextlib.suppress(AssertionError):  # it begins one job after the other
                wait_for("the same targets", lambda: targets(peer.url) == told)
            for mine, expected in zip(told, targets(peer.url)):
                self.assertEqual((sorted(mine - expected)[:3], sorted(expected - mine)[:3]), ([], []))
            return map(len, told)

    def test_targets_of_real_jobs_are_the_same(self):
        with page_server() as address:
            active, dropped = self.assert_same_targets(real_jobs(address))
        self.assertGreater(active, 20)
        self.assertGreater(dropped, 40)

    @needs_prometheus  # 3: any UTF-8 is a name
    def test_targets_of_random_jobs_are_the_same(self):
        active, dropped = self.assert_same_targets(random_jobs(20261129, 150))
        self.assertGreater(active, 200)
        self.assertGreater(dropped, 20)

    def test_series_are_the_same(self):
        with page_server() as address:
            at = lambda **labels: [{"targets": [address], "labels": labels}]
            page = {"scrape_interval": "1s", "scrape_timeout": "1s"}
            jobs = [
                {"job_name": "plain", **page, "static_configs": at(env="test")},
                {"job_name": "renamed", **page, "static_configs": at(), "params": {"x": ["1"]}, "metric_relabel_configs": [
                    rule(["__name__"], regex="go_.*", action="drop"), rule(["__name__"], "__name__", regex="old_(.*)", replacement="new_$1"),
                    rule(["__name__", "le"], regex=r"request_seconds_bucket;0\..*", action="drop"), rule(regex="pod_uid|shard", action="labeldrop"),
                    rule(["queue"], "queue", action="lowercase"), rule(regex="(Pa)th", replacement="${1}ge", action="labelmap"),
                    rule(["instance"], "port", regex=".*:(.*)")]},
                {"job_name": "honoured", **page, "honor_labels": True, "static_configs": at(), "metric_relabel_configs": [rule(["job"], "job", regex="own", replacement="honoured")]},
                {"job_name": "kept", **page, "static_configs": at(), "metric_relabel_configs": [rule(["__name__"], regex="request_.*|asked", action="keep")], "sample_limit": 6},
                {"job_name": "limited", **page, "static_configs": at(), "metric_relabel_configs": [rule(["__name__"], regex="go_.*", action="drop")], "sample_limit": 6},
                {"job_name": "label_limited", **page, "static_configs": at(), "metric_relabel_configs": [rule(regex="Path|pod_uid|shard", action="labeldrop")], "label_limit": 4},
                {"job_name": "probed", **page, "metrics_path": "/probe", "static_configs": [{"targets": ["https://example.org/a b"]}], "relabel_configs": [
                    rule(["__address__"], "__param_target"), rule(["__param_target"], "instance"), rule(target="__address__", replacement=address)]},
            ]
            with Host(ours(jobs)) as host, Peer(theirs(jobs)) as peer:
                for job in (job["job_name"] for job in jobs):
                    for url in (host.url, peer.url):
                        wait_for(job, lambda: len(series(url, job)) >= 3, timeout=60)
                    self.assertEqual(series(host.url, job), series(peer.url, job), job)
                self.assertEqual(host.value('up{job="limited"}'), 0)
                self.assertEqual(host.value('scrape_samples_post_metric_relabeling{job="limited"}'), 9)
                self.assertEqual(host.value('up{job="kept"}'), 1)
                self.assertEqual(host.value('new_total{job="renamed"}'), 5)
                own = get(host.main_url + "/metrics")[2].decode()
                self.assertGreater(float(re.search(r"^tarsier_scrape_repeated_total(?:{.*})? (.*)$", own, re.M)[1]), 0)

    def test_the_steps_of_a_target_are_the_same(self):
        jobs = real_jobs("127.0.0.1:1")[:1]
        labels = json.dumps({"__address__": "10.0.0.1:80", POD + "annotation_prometheus_io_scrape": "true", POD + "phase": "Failed"})
        with Host(ours(jobs)) as host, Peer(theirs(jobs)) as peer:
            wait_for("the targets of prometheus", lambda: any(targets(peer.url)))
            query = "/api/v1/targets/relabel_steps?" + urllib.parse.urlencode({"scrapePool": "kubernetes", "labels": labels})
            told = json.loads(get(host.url + query)[2])["data"]["steps"]
            self.assertEqual([step["keep"] for step in told], [True] + [False] * 8)
            try:
                self.assertEqual(told, json.loads(get(peer.url + query)[2])["data"]["steps"])
            except urllib.error.HTTPError as error:
                self.assertEqual(error.code, 404)  # a Prometheus that does not have it yet


class Alone(unittest.TestCase):
    def test_a_target_that_cannot_be_scraped_is_shown_with_its_reason(self):
        with Host(ours(real_jobs("127.0.0.1:1"))) as host:
            refused = {target["discoveredLabels"]["__address__"]: target["error"] for target in host.api("targets")["refusedTargets"]}
            self.assertEqual(refused, {"b:1": 'error parsing scrape interval: not a valid duration string: "soon"',
                                       "c:1": 'scrape timeout cannot be greater than scrape interval ("2m" > "1m")', "d:1": "no address"})
            self.assertIn("targets cannot be scraped", host.log())

    def test_a_reload_of_the_rules_ends_series_and_leaves_no_gap(self):
        job = {"job_name": "page", "scrape_interval": "1s", "scrape_timeout": "1s"}
        with page_server() as address:
            job["static_configs"] = [{"targets": [address]}]
            with Host(ours([job])) as host:
                wait_for("the page", lambda: host.value("go_goroutines") == 7)
                host.write_config(ours([{**job, "metric_relabel_configs": [rule(["__name__"], "__name__", regex="go_(.*)", replacement="renamed_$1")]}]))
                with urllib.request.urlopen(urllib.request.Request(host.url + "/-/reload", method="POST")) as answer:
                    self.assertEqual(answer.status, 200)
                self.assertEqual(host.value("queue_size"), 8)
                wait_for("the new name", lambda: host.value("renamed_goroutines") == 7)
                self.assertEqual(host.query("go_goroutines"), [])
                self.assertEqual(host.value("queue_size"), 8)
                self.assertEqual(host.value("count_over_time(queue_size[1m]) == bool on (instance) count_over_time(up[1m])"), 1)

    def test_a_wrong_rule_is_named_with_its_place(self):
        text = ours([{"job_name": "page", "static_configs": [{"targets": ["a:1"]}]}])
        host = Host(text + '[[plugin.scrape.job.relabel_configs]]\ntarget_label = "a"\nregex = "a("\n')
        self.addCleanup(host._own.cleanup)
        line = host.config_file.read_text().splitlines().index('regex = "a("') + 1
        done = check(host)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"{host.config_file}:{line}:9: plugin.scrape.job[0].relabel_configs[0].regex: error parsing regexp: missing closing ): `^(?s:a()$`", done.stdout)
        host.write_config(text + '[[plugin.scrape.job.relabel_configs]]\naction = "hashmod"\nmodulus = 2\n')
        done = check(host)
        line = host.config_file.read_text().splitlines().index("[[plugin.scrape.job.relabel_configs]]") + 1
        self.assertIn(f"{host.config_file}:{line}:1: plugin.scrape.job[0].relabel_configs[0].target_label: relabel configuration for hashmod action requires 'target_label' value",
                      done.stdout)


if __name__ == "__main__":
    unittest.main()
