"""Kubernetes discovery as it is seen from outside: from objects of an API server to what the API says of targets."""

import base64
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from first_path_test import Exporter
from host import PLUGINS, TARSIER, Host, free_port, get, wait_for
from kubernetes_double import Authority, Kubernetes
from own_mounts import may_mount
from peer import Peer, needs_prometheus

SCRAPE = """
[plugin.samples]
[plugin.promql]
[plugin.scrape]
scrape_interval = "1s"
scrape_timeout = "1s"
[[plugin.scrape.job]]
job_name = "pods"
relabel_configs = [{ source_labels = ["__meta_kubernetes_pod_name"], target_label = "pod" }]
"""


def pod_parts(ip="127.0.0.1", port=1, node="node1"):
    return {"spec": {"nodeName": node, "containers": [{"name": "app", "image": "app:1", "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}]}]},
            "status": {"phase": "Running", "podIP": ip, "hostIP": "10.0.0.7", "conditions": [{"type": "Ready", "status": "True"}]}}


def targets(host, job="pods"):
    """name of the pod -> address, of what is scraped"""
    return {target["discoveredLabels"].get("__meta_kubernetes_pod_name"): target["discoveredLabels"]["__address__"]
            for target in host.api("targets")["activeTargets"] if target["scrapePool"] == job}


def found(host, config):
    """How many targets the configuration has found, as the host's own metrics say."""
    page = get(host.url + "/metrics")[2].decode()
    values = [float(line.rsplit(" ", 1)[1]) for line in page.splitlines()
              if line.startswith("tarsier_discovery_targets{") and f'config="{config}"' in line]
    return values[0] if len(values) == 1 else None


def events(host, kind="pods"):
    """event -> how many"""
    page = get(host.url + "/metrics")[2].decode()
    return {event: int(float(count)) for event, count in
            re.findall(rf'^tarsier_discovery_kubernetes_events_total{{event="(\w+)",.*kind="{kind}".*}} (\S+)$', page, re.M)}


class Cluster:
    """An API server, its certificates, and a configuration that lets one in."""

    def __init__(self, test):
        folder = tempfile.TemporaryDirectory(prefix="tarsier-k8s-")
        test.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.authority = Authority(self.folder)
        self.api = Kubernetes(self.authority, token="s3cret")
        test.addCleanup(self.api.stop)
        self.token_file = self.folder / "token"
        self.token_file.write_text("s3cret\n")

    def config(self, role="pod", job="pods", more=""):
        return f"""
[[plugin.discover-kubernetes.config]]
job_name = "{job}"
role = "{role}"
api_server = "{self.api.url}"
{more}
[plugin.discover-kubernetes.config.authorization]
credentials_file = "{self.token_file}"
[plugin.discover-kubernetes.config.tls_config]
ca_file = "{self.authority.ca}"
"""

    def kubeconfig(self):
        """A file with a user's certificate and all else in it."""
        certificate, key = self.authority.issue("client", "/O=monitoring/CN=tarsier", "extendedKeyUsage=clientAuth")
        data = lambda file: base64.b64encode(file.read_bytes()).decode()
        file = self.folder / "config"
        file.write_text(f"""
apiVersion: v1
kind: Config
current-context: test
clusters:
- name: double
  cluster:
    server: {self.api.url}
    certificate-authority-data: {data(self.authority.ca)}
contexts:
- name: test
  context: {{cluster: double, user: me}}
users:
- name: me
  user:
    client-certificate-data: {data(certificate)}
    client-key-data: {data(key)}
""")
        return file


def wait_targets(host, wanted, job="pods"):
    wait_for(f"the targets {wanted}", lambda: targets(host, job) == wanted)


class PodsAreWatched(unittest.TestCase):
    def test_they_come_change_and_go(self):
        cluster = Cluster(self)
        for i in range(3):
            cluster.api.apply("pods", f"web-{i}", "shop", labels={"app": "web"}, **pod_parts(port=10 + i))
        cluster.api.apply("pods", "pending", "shop", spec={"containers": [{"name": "app"}]}, status={"phase": "Pending"})
        with Exporter(free_port()) as exporter, Host(SCRAPE + cluster.config()) as host:
            wait_targets(host, {f"web-{i}": f"127.0.0.1:{10 + i}" for i in range(3)})
            found = next(target for target in host.api("targets")["activeTargets"] if target["labels"]["pod"] == "web-1")["discoveredLabels"]
            for name, value in {"namespace": "shop", "pod_label_app": "web", "pod_labelpresent_app": "true", "pod_ready": "true", "pod_phase": "Running",
                                "pod_node_name": "node1", "pod_host_ip": "10.0.0.7", "pod_container_name": "app", "pod_container_port_number": "11",
                                "pod_container_init": "false"}.items():
                self.assertEqual(found.get("__meta_kubernetes_" + name), value, name)
            cluster.api.apply("pods", "pending", "shop", **pod_parts(port=exporter.port))
            cluster.api.apply("pods", "web-1", "shop", labels={"app": "web"}, **pod_parts(port=21))
            cluster.api.delete("pods", "web-2", "shop")
            wait_targets(host, {"web-0": "127.0.0.1:10", "web-1": "127.0.0.1:21", "pending": f"127.0.0.1:{exporter.port}"})
            self.assertEqual(events(host), {"add": 4, "update": 2, "delete": 1})
            wait_for("its series", lambda: host.query('node_load1{pod="pending"}'))
            self.assertEqual(len(cluster.api.asked("limit=")), 1, "all of it came by the watch")

    def test_lists_come_in_pages(self):
        cluster = Cluster(self)
        for i in range(1234):
            cluster.api.apply("pods", f"web-{i:04}", "shop", **pod_parts(ip=f"10.{i // 250}.0.{i % 250 + 1}", port=80))
        config = cluster.config(job="many")  # nobody scrapes it
        with Host(config) as host:
            wait_for("all of them", lambda: found(host, "many") == 1234)
            self.assertEqual(len(cluster.api.asked("limit=500")), 3)
            cluster.api.apply("pods", "one-more", "shop", **pod_parts())
            wait_for("one more", lambda: found(host, "many") == 1235)

    def test_events_may_come_slowly_and_broken_connections_are_taken_up(self):
        cluster = Cluster(self)
        cluster.api.slow = True
        cluster.api.apply("pods", "a", "shop", **pod_parts(port=1))
        with Host(SCRAPE + cluster.config()) as host:
            wait_targets(host, {"a": "127.0.0.1:1"})
            for port in (2, 3, 4):
                cluster.api.cut_off()
                cluster.api.apply("pods", "a", "shop", **pod_parts(port=port))
                wait_targets(host, {"a": f"127.0.0.1:{port}"})
            self.assertEqual(len(cluster.api.asked("limit=")), 1, "no list was needed")


class VersionsAreForgotten(unittest.TestCase):
    def check(self, as_event):
        cluster = Cluster(self)
        cluster.api.gone_as_event = as_event
        cluster.api.bookmark_interval = 60  # so that only what changes moves the version
        for name in ("stays", "goes"):
            cluster.api.apply("pods", name, "shop", **pod_parts(port=1))
        with Host(SCRAPE + "[plugin.ui]\n" + cluster.config()) as host:
            wait_targets(host, {"stays": "127.0.0.1:1", "goes": "127.0.0.1:1"})
            cluster.api.stop()
            cluster.api.delete("pods", "goes", "shop")
            cluster.api.apply("pods", "comes", "shop", **pod_parts(port=3))
            cluster.api.compact()
            cluster.api.start()
            wait_targets(host, {"stays": "127.0.0.1:1", "comes": "127.0.0.1:3"})
            self.assertEqual(len(cluster.api.asked("limit=")), 2)
            wait_for("its health", lambda: host.plugins()["discover-kubernetes"]["state"] == "running")

    def test_said_by_a_status(self):
        self.check(as_event=False)

    def test_said_by_an_event(self):
        self.check(as_event=True)


class WhoIsLetIn(unittest.TestCase):
    def test_a_rotated_token_and_a_restarted_server(self):
        cluster = Cluster(self)
        cluster.api.apply("pods", "a", "shop", **pod_parts(port=1))
        with Host(SCRAPE + cluster.config()) as host:
            wait_targets(host, {"a": "127.0.0.1:1"})
            cluster.api.token = "rotated"
            cluster.api.cut_off()
            cluster.api.apply("pods", "a", "shop", **pod_parts(port=2))
            wait_for("the refusal", lambda: "HTTP status 401: Unauthorized" in host.log())
            self.assertEqual(targets(host), {"a": "127.0.0.1:1"}, "the targets stay")
            cluster.token_file.write_text("rotated\n")
            wait_targets(host, {"a": "127.0.0.1:2"})
            cluster.api.stop()
            wait_for("the failure", lambda: "connection refused" in host.log())
            cluster.api.start()
            cluster.api.apply("pods", "b", "shop", **pod_parts(port=3))
            wait_targets(host, {"a": "127.0.0.1:2", "b": "127.0.0.1:3"})
            self.assertNotIn("s3cret", host.log())
            self.assertNotIn("rotated", host.log())

    def test_a_kubeconfig_with_everything_in_it(self):
        cluster = Cluster(self)
        cluster.api.apply("nodes", "node1", labels={"zone": "a"}, spec={"providerID": "kind://1"},
                          status={"addresses": [{"type": "InternalIP", "address": "10.0.0.7"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}})
        kubeconfig = cluster.kubeconfig()
        config = f"""
[[plugin.discover-kubernetes.config]]
job_name = "nodes"
role = "node"
kubeconfig_file = "{kubeconfig}"
"""
        with Host(config) as host:
            wait_for("the node", lambda: found(host, "nodes") == 1)
            self.assertEqual({who for _, who in cluster.api.requests}, {None})

    def test_a_pod_of_the_cluster(self):
        cluster = Cluster(self)
        cluster.api.apply("pods", "a", "shop", **pod_parts())
        cluster.api.apply("pods", "b", "elsewhere", **pod_parts())
        (cluster.folder / "namespace").write_text("shop")
        config = f"""
[plugin.discover-kubernetes]
service_account_dir = "{cluster.folder}"
[[plugin.discover-kubernetes.config]]
job_name = "mine"
role = "pod"
namespaces = {{ own_namespace = true }}
[[plugin.discover-kubernetes.config]]
job_name = "all"
role = "pod"
"""
        host = Host(config)
        host.environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(cluster.api.port)}
        with host:
            wait_for("its own", lambda: found(host, "mine") == 1)
            wait_for("all", lambda: found(host, "all") == 2)

    def test_a_server_that_nobody_vouches_for_gets_no_token(self):
        cluster = Cluster(self)
        other = cluster.folder / "other"
        other.mkdir()
        config = cluster.config().replace(str(cluster.authority.ca), str(Authority(other).ca))
        with Host(config) as host:
            wait_for("the refusal", lambda: "the certificate is not accepted" in host.log())
            self.assertEqual(cluster.api.requests, [])


class WhatCouldBeWatched(unittest.TestCase):
    def discover(self, kubeconfig, *arguments):
        done = subprocess.run([TARSIER, "doctor", "--discover", "--plugin", "discover-kubernetes", "--plugin-dir", PLUGINS, *arguments],
                              capture_output=True, text=True, timeout=60, env={**os.environ, "KUBECONFIG": str(kubeconfig)})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @unittest.skipUnless(may_mount(), "mounting needs root")
    def test_a_pod_is_told_of_its_cluster_and_what_is_proposed_checks(self):
        cluster = Cluster(self)
        account = "/run/secrets/kubernetes.io/serviceaccount"
        as_pod = f"mount -t tmpfs tarsier-test /run && mkdir -p {account} && cp {cluster.token_file} {cluster.authority.ca} {account} && exec \"$@\""
        done = subprocess.run(["unshare", "--mount", "sh", "-c", as_pod, "sh", TARSIER, "doctor", "--discover", "--json", "--plugin", "discover-kubernetes",
                               "--plugin-dir", PLUGINS], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "KUBECONFIG": "/none", "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(cluster.api.port)})
        self.assertEqual(done.returncode, 0, done.stderr)  # every proposal was checked
        proposed = json.loads(done.stdout)["suggestions"]
        self.assertEqual([each["title"] for each in proposed],
                         ["pods of the cluster that this pod is in", "kubelets of the nodes of the cluster that this pod is in"])
        self.assertIn(f"names the API server {cluster.api.url}, and /var{account} has a token", proposed[0]["why"])

    def test_what_a_kubeconfig_leads_to_is_proposed_and_works(self):
        cluster = Cluster(self)
        annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": "9102", "prometheus.io/path": "/custom"}
        cluster.api.apply("pods", "a", "shop", annotations=annotations, **pod_parts(port=8080))
        cluster.api.apply("pods", "b", "shop", **pod_parts(port=8080))
        kubeconfig = cluster.kubeconfig()
        proposed = self.discover(kubeconfig)
        self.assertIn(f"# the file's current context is of {cluster.api.url}, and somebody listens there\n", proposed)
        self.assertEqual(cluster.api.requests, [], "it has only knocked")
        with Host(f"[plugin.samples]\n[plugin.promql]\n[plugin.scrape]\nscrape_interval = '1s'\nscrape_timeout = '1s'\n{proposed}") as host:
            scraped = wait_for("its targets", lambda: host.api("targets")["activeTargets"])
            self.assertEqual([(each["scrapeUrl"], each["labels"]["pod"], each["labels"]["namespace"]) for each in scraped],
                             [("http://127.0.0.1:9102/custom", "a", "shop")])
            self.assertIn(f"# Configured already: pods of the cluster of {kubeconfig}", self.discover(kubeconfig, "-c", host.config_file))
        cluster.api.stop()
        self.assertNotIn("[plugin", self.discover(kubeconfig), "nobody listens")
        cluster.api.start()


class ObjectsAreJoined(unittest.TestCase):
    def test_services_pods_and_nodes_give_their_labels(self):
        cluster = Cluster(self)
        api = cluster.api
        api.apply("nodes", "node1", labels={"zone": "a"})
        api.apply("namespaces", "shop", labels={"team": "blue"})
        api.apply("services", "web", "shop", labels={"tier": "front"}, spec={"type": "ClusterIP", "ports": [{"port": 80}]})
        api.apply("pods", "web-1", "shop", **pod_parts(port=8080))
        address = {"addresses": ["127.0.0.1"], "conditions": {"ready": True}, "nodeName": "node1",
                   "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "shop"}}
        api.apply("endpointslices", "web-x1", "shop", labels={"kubernetes.io/service-name": "web"}, addressType="IPv4",
                  ports=[{"name": "metrics", "port": 9090, "protocol": "TCP"}], endpoints=[address])
        more = "attach_metadata = { node = true, namespace = true }\n[[plugin.discover-kubernetes.config.selectors]]\nrole = \"service\"\nlabel = \"tier=front\""
        job = '[[plugin.scrape.job]]\njob_name = "slices"\n'
        with Host(SCRAPE + job + cluster.config(role="endpointslice", job="slices", more=more)) as host:
            def discovered(port):
                for target in host.api("targets")["activeTargets"]:
                    if target["discoveredLabels"]["__address__"] == f"127.0.0.1:{port}":
                        return {name.removeprefix("__meta_kubernetes_"): value for name, value in target["discoveredLabels"].items()}
                return {}
            wait_for("the endpoint", lambda: discovered(9090))
            wanted = {"service_name": "web", "service_label_tier": "front", "pod_name": "web-1", "node_label_zone": "a", "namespace_label_team": "blue",
                      "endpointslice_port_name": "metrics", "endpointslice_endpoint_conditions_ready": "true"}
            self.assertEqual({name: discovered(9090).get(name) for name in wanted}, wanted)
            self.assertEqual(discovered(8080).get("pod_container_port_number"), "8080", "the pod's other port")
            api.apply("nodes", "node1", labels={"zone": "b"})
            wait_for("the node's new label", lambda: discovered(9090).get("node_label_zone") == "b")
            api.apply("services", "web", "shop", labels={"tier": "back"}, spec={"type": "ClusterIP"})
            wait_for("the service to be selected no more", lambda: "service_name" not in discovered(9090))
            self.assertTrue(api.asked("/services?labelSelector=tier%3Dfront"))


ROLES = ("node", "pod", "service", "endpoints", "endpointslice", "ingress")
# What Prometheus 3.5 does not have yet.
NEWER = ("node_condition_",)


def fill(api):
    """Objects with all that labels are made of."""
    api.apply("nodes", "node1", labels={"kubernetes.io/hostname": "node1", "zone": "a"}, annotations={"node.alpha/ttl": "0"}, spec={"providerID": "kind://x/node1"},
              status={"addresses": [{"type": "InternalIP", "address": "10.0.0.7"}, {"type": "Hostname", "address": "node1"}, {"type": "InternalIP", "address": "fd00::7"}],
                      "conditions": [{"type": "Ready", "status": "True"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}})
    api.apply("nodes", "node2", status={"addresses": [{"type": "ExternalIP", "address": "203.0.113.4"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}})
    api.apply("nodes", "lost", status={"addresses": []})
    web = {"spec": {"nodeName": "node1", "initContainers": [{"name": "setup", "image": "setup:1", "ports": [{"name": "once", "containerPort": 7000, "protocol": "TCP"}]}],
                    "containers": [{"name": "app", "image": "app:2", "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"},
                                                                               {"name": "dns", "containerPort": 5353, "protocol": "UDP"}]},
                                   {"name": "sidecar", "image": "sidecar:3"}]},
           "status": {"phase": "Running", "podIP": "10.1.0.1", "hostIP": "10.0.0.7",
                      "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "False"}],
                      "containerStatuses": [{"name": "app", "containerID": "containerd://a", "image": "app:2", "imageID": "", "ready": True, "restartCount": 0, "lastState": {}, "state": {}},
                                            {"name": "sidecar", "containerID": "containerd://b", "image": "s", "imageID": "", "ready": True, "restartCount": 0}],
                      "initContainerStatuses": [{"name": "setup", "containerID": "containerd://c", "image": "s", "imageID": "", "ready": True, "restartCount": 0}]}}
    owner = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-rs", "uid": "r", "controller": True}]
    api.apply("pods", "web-1", "shop", labels={"app.kubernetes.io/name": "web", "empty": "", "ä-b": "c"}, annotations={"prometheus.io/scrape": "true"},
              ownerReferences=owner, **web)
    api.apply("pods", "six", "shop", spec={"nodeName": "node2", "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]},
              status={"phase": "Failed", "podIP": "fd00::1"})
    api.apply("pods", "pending", "shop", spec={"containers": [{"name": "c", "image": "i"}]}, status={"phase": "Pending"})
    api.apply("services", "web", "shop", labels={"tier": "front"}, annotations={"a/b": "c"},
              spec={"type": "ClusterIP", "clusterIP": "10.96.0.9", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]})
    api.apply("services", "far", "shop", spec={"type": "ExternalName", "externalName": "example.org", "ports": [{"port": 443, "protocol": "TCP"}]})
    api.apply("services", "lb", "shop", spec={"type": "LoadBalancer", "clusterIP": "10.96.0.10", "ports": [{"port": 1, "protocol": "TCP"}]})
    api.apply("services", "dual", "shop", spec={"type": "ClusterIP", "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"], "ports": [{"port": 1, "protocol": "TCP"}]})
    reference = {"kind": "Pod", "name": "web-1", "namespace": "shop"}
    api.apply("endpoints", "web", "shop", labels={"tier": "front"}, subsets=[
        {"addresses": [{"ip": "10.1.0.1", "nodeName": "node1", "hostname": "h", "targetRef": reference}, {"ip": "10.9.9.9"}],
         "notReadyAddresses": [{"ip": "10.1.0.5", "targetRef": {"kind": "Pod", "name": "unknown", "namespace": "shop"}}],
         "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}, {"name": "other", "port": 9, "protocol": "TCP"}]},
        {"addresses": [{"ip": "10.0.0.7", "targetRef": {"kind": "Node", "name": "node1"}}], "ports": [{"name": "k", "port": 10250, "protocol": "TCP"}]}])
    api.apply("endpointslices", "web-x", "shop", labels={"kubernetes.io/service-name": "web"}, addressType="IPv4",
              ports=[{"name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "h2c"}, {"name": "", "port": 9, "protocol": "TCP"}],
              endpoints=[{"addresses": ["10.1.0.1"], "conditions": {"ready": True, "serving": True, "terminating": False}, "hostname": "h", "nodeName": "node1",
                          "zone": "z1", "targetRef": reference, "deprecatedTopology": {"topology.kubernetes.io/region": "r"}},
                         {"addresses": ["10.0.0.7"], "conditions": {"ready": False}, "targetRef": {"kind": "Node", "name": "node1"}}])
    api.apply("endpointslices", "alone", "shop", addressType="FQDN", ports=[{"port": 1}], endpoints=[{"addresses": ["example.org"], "conditions": {}}])
    api.apply("ingresses", "front", "shop", labels={"a": "b"}, spec={
        "ingressClassName": "nginx", "tls": [{"hosts": ["*.example.org", "plain.test"], "secretName": "s"}],
        "rules": [{"host": "a.example.org", "http": {"paths": [{"path": "/x", "pathType": "Prefix"}, {"pathType": "Prefix"}]}}, {"host": "a.b.example.org"},
                  {"host": "plain.test"}, {"host": "none.test", "http": {"paths": []}}]})


@needs_prometheus
class LabelsAreThoseOfPrometheus(unittest.TestCase):
    maxDiff = None

    def test_of_all_roles(self):
        cluster = Cluster(self)
        fill(cluster.api)
        attached = ("pod", "endpoints", "endpointslice")
        theirs = {"scrape_configs": [
            {"job_name": role, "kubernetes_sd_configs": [
                {"role": role, "api_server": cluster.api.url, "authorization": {"credentials_file": str(cluster.token_file)},
                 "tls_config": {"ca_file": str(cluster.authority.ca)}} | ({"attach_metadata": {"node": True}} if role in attached else {})]}
            for role in ROLES]}
        ours = SCRAPE + "".join(
            f'[[plugin.scrape.job]]\njob_name = "{role}"\n' + cluster.config(role, role, "attach_metadata = { node = true }" if role in attached else "")
            for role in ROLES)
        with Peer(json.dumps(theirs)) as peer, Host(ours) as host:
            for role in ROLES:
                wait_for(f"{role} there", lambda role=role: self.targets(peer, role))
                with self.subTest(role):
                    wanted = self.targets(peer, role)
                    wait_for(f"{role} here", lambda role=role, wanted=wanted: len(self.targets(host, role)) == len(wanted))
                    self.assertEqual(self.targets(host, role), wanted)
            cluster.api.apply("nodes", "node1", labels={"zone": "b"}, status={"addresses": [{"type": "InternalIP", "address": "10.0.0.8"}]})
            cluster.api.delete("pods", "six", "shop")
            wait_for("the changes there", lambda: "six" not in str(self.targets(peer, "pod")) and "'b'" in str(self.targets(peer, "endpointslice")))
            for role in ROLES:
                same = lambda role=role: self.targets(host, role) == self.targets(peer, role)
                wait_for(f"{role} to be the same after changes: {self.targets(host, role)}, {self.targets(peer, role)}", same)
            self.assertNotIn("six", str(self.targets(host, "pod")))

    @staticmethod
    def targets(of, role):
        def kept(name):
            return name.startswith("__meta_kubernetes_") and not name.removeprefix("__meta_kubernetes_").startswith(NEWER) or name in ("__address__", "instance")
        found = [target["discoveredLabels"] for target in of.api("targets")["activeTargets"] if target["scrapePool"] == role]
        return sorted(sorted((name, value) for name, value in labels.items() if kept(name)) for labels in found)


if __name__ == "__main__":
    unittest.main()
