"""A Kubernetes API server for tests, over TLS: lists in pages, watches with bookmarks, versions that are forgotten, and who is let in, as the
API's documentation ("Kubernetes API Concepts") has them, over the objects that the test applies."""

import base64
import bisect
import contextlib
import copy
import http.server
import json
import pathlib
import ssl
import subprocess
import threading
import time
import urllib.parse

# Where each kind is found, and the kind's name in lists.
RESOURCES = {"nodes": "/api/v1", "pods": "/api/v1", "services": "/api/v1", "endpoints": "/api/v1", "namespaces": "/api/v1",
             "endpointslices": "/apis/discovery.k8s.io/v1", "ingresses": "/apis/networking.k8s.io/v1",
             "replicasets": "/apis/apps/v1", "jobs": "/apis/batch/v1"}
KINDS = {"nodes": "Node", "pods": "Pod", "services": "Service", "endpoints": "Endpoints", "namespaces": "Namespace",
         "endpointslices": "EndpointSlice", "ingresses": "Ingress", "replicasets": "ReplicaSet", "jobs": "Job"}


class Authority:
    """Certificates for a test: a CA, the server's, and clients'."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca = self.folder / "ca.crt"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=kubernetes-ca",
                      "-keyout", "ca.key", "-out", "ca.crt")
        self.server = self.issue("server", "/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1,DNS:kubernetes.default.svc")

    def issue(self, name, subject, extension):
        (self.folder / f"{name}.ext").write_text(extension + "\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-keyout", f"{name}.key",
                      "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


class Refused(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code = code
        self.status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code}


def expired(message):
    return Refused(410, "Expired", message)


class Written:
    """An object, and its JSON: as it stands in lists, whose items have no kind, and in events. Made once, however many ask."""

    def __init__(self, item, before=None):
        self.item, self.before = item, before
        self._in_list = self._in_event = None

    def in_list(self):
        if self._in_list is None:
            self._in_list = json.dumps({name: part for name, part in self.item.items() if name not in ("kind", "apiVersion")})
        return self._in_list

    def in_event(self):
        if self._in_event is None:
            self._in_event = json.dumps(self.item)
        return self._in_event


class Kubernetes:
    def __init__(self, authority, token=None):
        self.authority, self.token = authority, token
        self.changed = threading.Condition()
        self.version = 1000
        self.objects = {}  # (resource, namespace, name) -> Written
        self.history = []  # (version, type, resource, Written), by version
        self.forgotten = 0  # changes up to this version cannot be watched any more
        self.snapshots = {}  # version -> the sorted keys and the objects, of lists that go on
        self.bookmark_interval = 0.3
        self.gone_as_event = False  # or as a status
        self.slow = False  # a byte at a time
        self.requests = []  # (path, who)
        self.watches = 0  # open ones
        self._epoch = 0  # watches of an earlier one are cut off
        self.server = None
        self.port = 0
        self.start()

    # ---- the server --------------------------------------------------------------------------------------------------------

    def start(self):
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with contextlib.suppress(OSError):  # who asked may be gone
                    double.answer(self)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.server)
        context.load_verify_locations(self.authority.ca)
        context.verify_mode = ssl.CERT_OPTIONAL

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def get_request(self):
                connection, address = super().get_request()  # the handshake is done by the thread that answers
                return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, request, client_address):
                pass  # clients that do not trust the server, or that have gone

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.cut_off()
        self.server.shutdown()
        self.server.server_close()

    def cut_off(self):
        """Breaks the connections of all watches."""
        with self.changed:
            self._epoch += 1
            self.changed.notify_all()

    # ---- what the test does ------------------------------------------------------------------------------------------------

    def apply(self, resource, name, namespace="", **rest):
        """Makes or changes an object; `rest` are its parts beside metadata, and `labels` and the like in it."""
        meta = {key: rest.pop(key) for key in ("labels", "annotations", "ownerReferences") if key in rest}
        with self.changed:
            key = (resource, namespace, name)
            before = self.objects.get(key)
            self.version += 1
            uid = before.item["metadata"]["uid"] if before else f"uid-{self.version}"
            meta |= {"name": name, "uid": uid, "resourceVersion": str(self.version), "managedFields": [{"manager": "test", "fieldsV1": {"f:spec": {}}}]}
            if namespace:
                meta["namespace"] = namespace
            made = Written({**self.type(resource), "metadata": meta, **rest}, before and before.item)
            self.objects[key] = made
            self.history.append((self.version, "MODIFIED" if before else "ADDED", resource, made))
            self.changed.notify_all()

    @staticmethod
    def type(resource, suffix=""):
        return {"kind": KINDS[resource] + suffix, "apiVersion": RESOURCES[resource].removeprefix("/apis/").removeprefix("/api/")}

    def delete(self, resource, name, namespace=""):
        with self.changed:
            before = self.objects.pop((resource, namespace, name)).item
            self.version += 1
            last = copy.deepcopy(before)
            last["metadata"]["resourceVersion"] = str(self.version)
            self.history.append((self.version, "DELETED", resource, Written(last, before)))
            self.changed.notify_all()

    def compact(self):
        """Forgets what has changed up to now."""
        with self.changed:
            self.forgotten = self.version
            self.history.clear()
            self.snapshots.clear()

    def asked(self, what):
        with self.changed:
            return [path for path, _ in self.requests if what in path]

    # ---- answers -----------------------------------------------------------------------------------------------------------

    def who(self, request):
        certificate = request.connection.getpeercert()
        if certificate:
            return dict(pair for part in certificate["subject"] for pair in part)["commonName"]
        if self.token is not None and request.headers.get("Authorization") == f"Bearer {self.token}":
            return "token"
        raise Refused(401, "Unauthorized", "Unauthorized")

    def answer(self, request):
        url = urllib.parse.urlsplit(request.path)
        query = {name: values[-1] for name, values in urllib.parse.parse_qs(url.query, keep_blank_values=True).items()}
        try:
            with self.changed:
                self.requests.append((request.path, request.headers.get("Authorization")))
                self.who(request)
                resource, namespace = self.route(url.path)
                watches = query.get("watch") in ("true", "1")
                if watches:
                    since = self.check_watch(query)
                else:
                    meta, items = self.list(resource, namespace, query)
            if not watches:
                head = json.dumps({**self.type(resource, "List"), "metadata": meta})
                return self.send(request, 200, f'{head[:-1]}, "items": [{",".join(item.in_list() for item in items)}]}}')
            self.watch(request, resource, namespace, query, since)
        except Refused as refused:
            self.send(request, refused.code, json.dumps(refused.status))

    @staticmethod
    def route(path):
        for resource, group in RESOURCES.items():
            if path == f"{group}/{resource}":
                return resource, ""
            prefix, suffix = f"{group}/namespaces/", f"/{resource}"
            if path.startswith(prefix) and path.endswith(suffix) and "/" not in path[len(prefix):-len(suffix)]:
                return resource, urllib.parse.unquote(path[len(prefix):-len(suffix)])
        raise Refused(404, "NotFound", "the server could not find the requested resource")

    @staticmethod
    def send(request, code, body):
        text = body.encode()
        request.send_response(code)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    @staticmethod
    def selects(query, item):
        labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
        for part in filter(None, labels.split(",")):
            name, _, value = part.partition("=")
            if item["metadata"].get("labels", {}).get(name) != value.removeprefix("="):
                return False
        for part in filter(None, fields.split(",")):
            path, _, value = part.partition("=")
            at = item
            for step in path.split("."):
                at = at.get(step, {})
            if at != value.removeprefix("="):
                return False
        return True

    def list(self, resource, namespace, query):
        if "continue" in query:
            version, after = json.loads(base64.b64decode(query["continue"]))
            if version not in self.snapshots:
                raise expired("The provided continue parameter is too old to display a consistent list result.")
        else:
            version, after = self.version, None
            self.snapshots[version] = sorted(self.objects), dict(self.objects)
        order, objects = self.snapshots[version]
        begin = 0 if after is None else bisect.bisect_right(order, tuple(after))
        keys = [key for key in order[begin:] if key[0] == resource and namespace in ("", key[1]) and self.selects(query, objects[key].item)]
        # Version 0 is whatever the server has at hand, and that comes as a whole.
        limit = len(keys) if query.get("resourceVersion") == "0" else int(query.get("limit", 0)) or len(keys)
        meta = {"resourceVersion": str(version)}
        if len(keys) > limit:
            meta["continue"] = base64.b64encode(json.dumps([version, keys[limit - 1]]).encode()).decode()
            meta["remainingItemCount"] = len(keys) - limit
        return meta, [objects[key] for key in keys[:limit]]

    def check_watch(self, query):
        if "sendInitialEvents" in query:
            raise Refused(422, "Invalid", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
        since = int(query.get("resourceVersion") or 0)
        if since > self.version:
            raise Refused(504, "Timeout", f"Too large resource version: {since}, current: {self.version}")
        if since < self.forgotten and not self.gone_as_event:
            raise expired(f"too old resource version: {since} ({self.forgotten})")
        return since

    def events(self, resource, namespace, query, since):
        """Type and object of what has changed since, as this watch sees it; with the lock held."""
        if since < self.forgotten:
            yield "ERROR", json.dumps(expired(f"too old resource version: {since} ({self.forgotten})").status)
            return
        for _, kind, of, written in self.history[bisect.bisect_right(self.history, since, key=lambda change: change[0]):]:
            if of != resource or namespace not in ("", written.item["metadata"].get("namespace", "")):
                continue
            is_in = kind != "DELETED" and self.selects(query, written.item)
            was_in = written.before is not None and self.selects(query, written.before)
            if is_in or was_in:
                yield "DELETED" if not is_in else "MODIFIED" if was_in else "ADDED", written.in_event()

    def watch(self, request, resource, namespace, query, since):
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.flush()
        deadline = time.monotonic() + float(query.get("timeoutSeconds", 3600))
        with self.changed:
            epoch = self._epoch
            self.watches += 1
        try:
            while True:
                with self.changed:
                    events = list(self.events(resource, namespace, query, since))
                    if not events and epoch == self._epoch and self.changed.wait(min(self.bookmark_interval, max(deadline - time.monotonic(), 0))):
                        continue
                    if epoch != self._epoch:
                        request.close_connection = True  # in the middle of the answer
                        return
                    since = max(since, self.version)
                    if not events and query.get("allowWatchBookmarks") == "true":
                        events = [("BOOKMARK", json.dumps({**self.type(resource), "metadata": {"resourceVersion": str(since), "creationTimestamp": None}}))]
                self.write(request, "".join(f'{{"type": "{kind}", "object": {written}}}\n' for kind, written in events).encode())
                if time.monotonic() >= deadline or (events and events[-1][0] == "ERROR"):
                    break
            request.wfile.write(b"0\r\n\r\n")
        finally:
            with self.changed:
                self.watches -= 1

    def write(self, request, lines):
        pieces = [lines[i:i + 7] for i in range(0, len(lines), 7)] if self.slow else [lines] if lines else []
        for piece in pieces:
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            request.wfile.flush()
