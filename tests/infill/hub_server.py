"""Enough of the Hugging Face hub for its client: one repository, whose connections can be made to break."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves the files of a folder as `repo` at the one commit of its branch main."""

    daemon_threads = True

    def __init__(self, repo: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repo, self.folder = repo, folder
        self.got: list[tuple[str, str | None]] = []  # every GET of a file, with its range
        self.breaks: dict[str, int] = {}  # file: bytes after which its next connection breaks
        self.holds: dict[str, int] = {}  # file: bytes after which its connections wait for nothing
        self.held = threading.Event()  # one of them does
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def is_large(self, name: str) -> bool:
        return name.endswith(".safetensors")

    def entry(self, name: str) -> dict[str, object]:
        data = (self.folder / name).read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        found: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": blob}
        if self.is_large(name):
            found["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.server, self.path.partition("?")[0]
        names = sorted(p.name for p in hub.folder.iterdir() if p.is_file())
        if path in (f"/api/models/{hub.repo}", f"/api/models/{hub.repo}/revision/main"):
            siblings = [{"rfilename": name} for name in names]
            self._json({"id": hub.repo, "modelId": hub.repo, "sha": COMMIT, "siblings": siblings, "private": False})
        elif path == f"/api/models/{hub.repo}/tree/{COMMIT}":
            self._json([hub.entry(name) for name in names])
        elif (found := re.fullmatch(f"/{hub.repo}/resolve/{COMMIT}/(.*)", path)) and found[1] in names:
            self._file(found[1])
        else:
            self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})

    def _json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {}))
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _file(self, name: str) -> None:
        hub, data, wanted = self.server, (self.server.folder / name).read_bytes(), self.headers.get("Range")
        entry = hub.entry(name)
        tag = entry["lfs"]["oid"] if hub.is_large(name) else entry["oid"]  # type: ignore[index]
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        start = 0
        if self.command == "GET":
            hub.got.append((name, wanted))
            if wanted is not None and (begin := re.fullmatch(r"bytes=(\d+)-", wanted)):
                start = int(begin[1])
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        rest = data[start:]
        self._head(206 if start else 200, headers | {"Content-Length": str(len(rest))})
        if self.command == "HEAD":
            return
        if name in hub.breaks:
            self.wfile.write(rest[: hub.breaks.pop(name)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        elif name in hub.holds:
            self.wfile.write(rest[: hub.holds[name]])
            self.wfile.flush()
            hub.held.set()
            hub.let_go.wait()
            self.wfile.write(rest[hub.holds[name] :])
        else:
            self.wfile.write(rest)


@contextmanager
def serving(repo: str, folder: Path) -> Iterator[Hub]:
    hub = Hub(repo, folder)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
