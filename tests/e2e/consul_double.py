"""A Consul agent for tests: catalog and health with blocking queries, as its HTTP API documents them, over what the test registers."""

import contextlib
import http.server
import json
import threading
import time
import urllib.parse


class Consul:
    def __init__(self, datacenter="dc1", token=None):
        self.datacenter, self.token = datacenter, token
        self.changed = threading.Condition()
        self.index = 10
        self.instances = {}  # id -> instance, as /v1/health/service shows it
        self.modified = {}  # service -> the index of its last change; they outlive the service, as Consul's do
        self.requests = []
        self.failing = False
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with contextlib.suppress(ConnectionError):  # who asked may be gone by the time that something changes
                    double.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        with self.changed:
            self.failing = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def register(self, service, identity, address, port, tags=(), node="node1", status="passing", meta=None):
        with self.changed:
            self.instances[identity] = {
                "Node": {"ID": "", "Node": node, "Address": "10.0.0.1", "Datacenter": self.datacenter,
                         "TaggedAddresses": {"lan": "10.0.0.1"}, "Meta": {"rack": "a1"}},
                "Service": {"ID": identity, "Service": service, "Tags": list(tags), "Address": address, "Port": port, "Meta": meta},
                "Checks": [{"CheckID": "serfHealth", "Status": "passing"}, {"CheckID": f"service:{identity}", "Status": status}]}
            self._touch(service)

    def deregister(self, identity):
        with self.changed:
            self._touch(self.instances.pop(identity)["Service"]["Service"])

    def restore(self):
        """As after a restore from a snapshot: the same services, and an index that has gone back."""
        with self.changed:
            self.index = 2
            self.modified = dict.fromkeys(self.modified, 2)
            self.changed.notify_all()

    def _touch(self, service):
        self.index += 1
        self.modified[service] = self.index
        self.changed.notify_all()

    def answer(self, request):
        url = urllib.parse.urlsplit(request.path)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        with self.changed:
            self.requests.append(request.path)
            if self.token and request.headers.get("X-Consul-Token") != self.token:
                return self.send(request, 403, "Permission denied")
            self.wait(url.path, query)
            if self.failing:
                return self.send(request, 500, "No cluster leader")
            body = self.look(url.path, query)
            index = self.index_of(url.path)
        if body is None:
            return self.send(request, 404, "not found")
        return self.send(request, 200, body, index)

    def wait(self, path, query):
        """Until the index is another than the caller's, or its time is over."""
        known = int(query.get("index", ["0"])[0])
        deadline = time.monotonic() + float(query.get("wait", ["300s"])[0].removesuffix("s"))
        while known and known == self.index_of(path) and not self.failing:
            if not self.changed.wait(max(deadline - time.monotonic(), 0)):
                return

    def index_of(self, path):
        service = path.removeprefix("/v1/health/service/")
        return self.index if service == path else self.modified.get(urllib.parse.unquote(service), self.index)

    def look(self, path, query):
        if path == "/v1/agent/self":
            return {"Config": {"Datacenter": self.datacenter, "NodeName": "node1"}}
        if path == "/v1/catalog/services":
            services = {"consul": set()}
            for instance in self.instances.values():
                services.setdefault(instance["Service"]["Service"], set()).update(instance["Service"]["Tags"])
            return {name: sorted(tags) for name, tags in services.items()}
        if path.startswith("/v1/health/service/"):
            wanted = set(query.get("tag", []))
            name = urllib.parse.unquote(path.removeprefix("/v1/health/service/"))
            return [instance for instance in self.instances.values()
                    if instance["Service"]["Service"] == name and wanted <= set(instance["Service"]["Tags"])]
        return None

    @staticmethod
    def send(request, code, body, index=None):
        text = json.dumps(body).encode() if code == 200 else body.encode()
        request.send_response(code)
        request.send_header("Content-Type", "application/json" if code == 200 else "text/plain")
        request.send_header("Content-Length", str(len(text)))
        if index is not None:
            request.send_header("X-Consul-Index", str(index))
            request.send_header("X-Consul-Knownleader", "true")
        request.end_headers()
        request.wfile.write(text)
