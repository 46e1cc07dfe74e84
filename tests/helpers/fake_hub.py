"""A server that speaks the part of Hugging Face's HTTP interface that backups use, with faults."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


class FakeHub:
    """Repositories in memory. `faults` are used up one a request whose path holds their text."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.commits = 0
        self.squashes = 0
        self.requests: list[str] = []
        self.faults: list[tuple[str, str]] = []  # (part of the path, "500" | "hang" | "wrong")
        self.lock = threading.Lock()

    def fault(self, path: str) -> str:
        with self.lock:
            for index, (part, kind) in enumerate(self.faults):
                if part in path:
                    del self.faults[index]
                    return kind
        return ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes | Any, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        fault = self.hub.fault(path)
        if fault == "500":
            self.answer(500, {"error": "told to fail"})
        elif fault == "hang":
            time.sleep(3)
            self.close_connection = True
        else:
            self.route(path, body, wrong=fault == "wrong")

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = handle_any

    def route(self, path: str, body: bytes, *, wrong: bool) -> None:
        hub = self.hub
        if path == "/api/repos/create":
            wanted = json.loads(body)
            name = f"{wanted.get('organization') or 'owner'}/{wanted['name']}"
            exists = name in hub.files
            hub.files.setdefault(name, {})
            hub.private.setdefault(
                name, "private" in (wanted.get("visibility"), wanted.get("private") and "private")
            )
            self.answer(
                409 if exists else 200,
                {"url": f"https://huggingface.co/datasets/{name}", "id": name},
            )
            return
        parts = path.strip("/").split("/")
        if parts[0] == "api" and parts[1] == "datasets":
            name, action = "/".join(parts[2:4]), parts[4] if len(parts) > 4 else ""
            files = hub.files.get(name)
            if files is None:
                self.answer(404, {"error": "no such repository"}, X_Error_Code="RepoNotFound")
            elif action == "tree":
                self.answer(
                    200,
                    [
                        {"type": "file", "path": p, "size": len(d), "oid": "0" * 40}
                        for p, d in files.items()
                    ],
                )
            elif action == "preupload":
                asked = json.loads(body)["files"]
                mode = {"uploadMode": "regular", "shouldIgnore": False}
                told = [{"path": f["path"], **mode} for f in asked]
                self.answer(200, {"files": told})
            elif action == "commit":
                self.commit(files, body)
            elif action == "super-squash":
                hub.squashes += 1
                self.answer(200, {})
            else:
                self.answer(200, {"id": name, "sha": "1" * 40, "private": hub.private[name]})
            return
        if parts[0] == "datasets" and parts[3] == "resolve":
            name, file = "/".join(parts[1:3]), "/".join(parts[5:])
            data = hub.files.get(name, {}).get(file)
            if data is None:
                self.answer(404, b"", X_Error_Code="EntryNotFound")
                return
            if wrong and self.command == "GET":
                data = bytes(len(data))
            etag = hashlib.sha256(data).hexdigest()
            self.answer(200, data, ETag=f'"{etag}"', X_Repo_Commit="1" * 40)
            return
        self.answer(404, {"error": path})

    def commit(self, files: dict[str, bytes], body: bytes) -> None:
        lines = [json.loads(line) for line in body.splitlines() if line]
        with self.hub.lock:
            for line in lines:
                if line["key"] == "file":
                    files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
                elif line["key"] == "deletedFile":
                    files.pop(line["value"]["path"], None)
            self.hub.commits += 1
        self.answer(
            200,
            {
                "commitUrl": "https://huggingface.co/datasets/owner/ratings/commit/1",
                "commitOid": "1" * 40,
            },
        )


@contextmanager
def serve_hub() -> Iterator[tuple[FakeHub, str]]:
    """A running hub and its address."""
    hub = FakeHub()
    handler = type("HubHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
