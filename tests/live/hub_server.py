"""A hub on this machine, for the real client: files of models over HTTP, and every fault of a line.

It speaks what the client uses: /api/models/ID with /revision/R or /tree/R, HEAD and GET of
/ID/resolve/R/FILE with ETag and X-Repo-Commit, large files by a redirect to another host, ranges,
error codes.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "0123"
LARGE = (".bin", ".h5", ".safetensors")  # what the hub keeps in LFS
CHUNK = 1 << 14


def digest_of(name: str, content: bytes) -> str:
    """The hub's ETag: sha256 of a large file, git's name of another."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Request:
    """What was asked for, and how many bytes of a file went out."""

    method: str
    path: str
    range: str | None
    token: str | None
    encoding: str | None
    sent: int = 0


@dataclass
class Hub:
    """One repository and how it misbehaves.

    Attributes:
        faults: by file name: a list of what goes wrong in its next downloads, one after another:
            "corrupt", "cut" (the line breaks half-way), "short" (a whole answer with too little),
            "no range" (the whole file for an answer to a range), or a status code.
        api_faults: status codes of the next answers to /api.
        pause: seconds between chunks of a large file.
    """

    hub_id: str
    files: dict[str, bytes]
    url: str = ""
    elsewhere: str = ""  # the same server under another host's name
    revisions: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    faults: dict[str, list[str | int]] = field(default_factory=dict)
    api_faults: list[int] = field(default_factory=list)
    renamed_from: str = ""
    token: str | None = None  # if set, nobody gets anything without it
    gated: bool = False
    pause: float = 0.0
    requests: list[Request] = field(default_factory=list)
    hide_hashes: bool = False

    def sent(self, name: str) -> list[int]:
        """How many bytes of a file went out, in each download of it."""
        digest = digest_of(name, self.files[name])
        return [
            request.sent
            for request in self.requests
            if request.method == "GET"
            and (request.path.endswith(f"/resolve/{COMMIT}/{name}") or digest in request.path)
            and request.sent
        ]


def read_folder(folder: Path) -> dict[str, bytes]:
    """A folder's files by name with "/"."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub, answering until the block ends."""

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port = server.server_address[1]
    hub.url, hub.elsewhere = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.served, unquote(urlsplit(self.path).path)
        token = self.headers["Authorization"]
        encoding = self.headers["Accept-Encoding"]
        self.request_made = Request(self.command, path, self.headers["Range"], token, encoding)
        hub.requests.append(self.request_made)
        if path.startswith("/cdn/"):
            self._send_file(path.removeprefix("/cdn/"))
        elif hub.token and token != f"Bearer {hub.token}":
            self._status(401, "GatedRepo" if hub.gated else "RepoNotFound")
        elif path.startswith("/api/models/"):
            self._api(path.removeprefix("/api/models/"))
        else:
            self._resolve(path)

    def _api(self, path: str) -> None:
        hub = self.served
        if hub.api_faults:
            return self._status(hub.api_faults.pop(0))
        hub_id, tree, revision = path.partition("/tree/")
        if not tree:
            hub_id, _, revision = path.partition("/revision/")
        if hub_id == hub.renamed_from:
            query = urlsplit(self.path).query
            goal = f"/api/models/{hub.hub_id}/revision/{revision or 'main'}?{query}"
            return self._head(307, {"Location": goal}, 0)
        if hub_id != hub.hub_id:
            return self._status(404, "RepoNotFound")
        commit = self._commit(revision or "main")
        if commit is None:
            return self._status(404, "RevisionNotFound")
        if tree:
            return self._json([self._tree_entry(*item) for item in hub.files.items()])
        siblings = []
        for name, content in hub.files.items():
            sibling: dict[str, object] = {"rfilename": name, "size": len(content)}
            sibling["blobId"] = digest_of("", content)
            if name.endswith(LARGE):
                sha256 = digest_of(name, content)
                sibling["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
            siblings.append({"rfilename": name} if hub.hide_hashes else sibling)
        return self._json({"id": hub_id, "sha": commit, "siblings": siblings})

    def _tree_entry(self, name: str, content: bytes) -> dict[str, object]:
        entry: dict[str, object] = {"type": "file", "path": name, "size": len(content)}
        entry["oid"] = digest_of("", content)
        if name.endswith(LARGE):
            sha256 = digest_of(name, content)
            entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
        return entry

    def _json(self, value: object) -> None:
        answer = json.dumps(value).encode()
        self._head(200, {"Content-Type": "application/json"}, len(answer))
        self.wfile.write(answer)

    def _resolve(self, path: str) -> None:
        hub = self.served
        hub_id, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        commit = self._commit(revision)
        if hub_id == hub.renamed_from:
            return self._head(307, {"Location": f"/{hub.hub_id}/resolve/{rest}"}, 0)
        if hub_id != hub.hub_id or commit is None:
            return self._status(404, "RevisionNotFound" if commit is None else "RepoNotFound")
        if name not in hub.files:
            return self._status(404, "EntryNotFound")
        content = hub.files[name]
        digest = digest_of(name, content)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{digest}"'}
        if not name.endswith(LARGE):
            return self._send_file(digest, headers)
        headers |= {
            "ETag": '"pointer"',
            "X-Linked-Etag": f'"{digest}"',
            "X-Linked-Size": str(len(content)),
            "Location": f"{hub.elsewhere}/cdn/{digest}",
        }
        return self._head(302, headers, 0)

    def _commit(self, revision: str) -> str | None:
        known = self.served.revisions
        return revision if revision in known.values() else known.get(revision)

    def _send_file(self, digest: str, headers: dict[str, str] | None = None) -> None:
        hub = self.served
        name, content = next(
            (name, content)
            for name, content in hub.files.items()
            if digest_of(name, content) == digest
        )
        fault: str | int | None = None
        if self.command == "GET" and hub.faults.get(name):
            fault = hub.faults[name].pop(0)
        if isinstance(fault, int):
            return self._status(fault)
        if fault == "corrupt":
            content = bytes([content[0] ^ 1]) + content[1:]
        if fault == "short":
            content = content[: len(content) // 2]
        first, status, headers = 0, 200, headers or {}
        if (wanted := self.headers["Range"]) and fault != "no range":
            first, status = int(wanted.removeprefix("bytes=").partition("-")[0]), 206
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        body = content[first:]
        self._head(status, headers, len(body))
        if self.command == "HEAD":
            return None
        if fault == "cut":
            body = body[: len(body) // 2]
            self.close_connection = True
        for start in range(0, len(body), CHUNK):
            try:
                self.wfile.write(body[start : start + CHUNK])
                self.wfile.flush()
            except OSError:  # nobody listens any more
                self.close_connection = True
                return None
            self.request_made.sent += len(body[start : start + CHUNK])
            if hub.pause and name.endswith(LARGE):
                time.sleep(hub.pause)
        return None

    def _status(self, status: int, code: str = "") -> None:
        self._head(status, {"X-Error-Code": code} if code else {}, 0)

    def _head(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
