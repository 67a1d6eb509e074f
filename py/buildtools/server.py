"""The site on 127.0.0.1: right types, security headers, revalidated caching and prepared compression."""

from __future__ import annotations

import errno
import http.server
import json
import os
import socketserver
import threading
import urllib.parse
from http import HTTPStatus
from pathlib import Path

from .policy import security_headers, shared_headers
from .project import BuildError
from .stamps import file_sha256

HOST = "127.0.0.1"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wgsl": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
    ".zip": "application/zip",
    ".gz": "application/gzip",
}
# Names of prepared compression in HTTP and as file endings, the best first.
CODINGS = {"br": "br", "gzip": "gz"}


class SiteServer(socketserver.ThreadingTCPServer):
    """Serves one folder under a path prefix; ``prefix`` begins and ends with a slash.

    http.server's own class would ask the name service for this machine's name, which can take seconds.
    """

    daemon_threads = True
    request_queue_size = 64
    # Listen again at once after a stop. On Windows the option would let two servers share a port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, folder: Path, port: int, prefix: str = "/"):
        self.folder = folder.resolve()
        self.prefix = prefix
        facts = json.loads((self.folder / "site.json").read_text())
        self.headers = security_headers(facts["connectSrc"])
        self._hashes: dict[tuple[Path, int, int], str] = {}
        self._lock = threading.Lock()
        super().__init__((HOST, port), SiteHandler)

    @property
    def address(self) -> str:
        """The site's URL, with the port that was really taken."""
        return f"http://{HOST}:{self.server_address[1]}{self.prefix}"

    def content_hash(self, path: Path) -> str:
        """SHA-256 of a file, computed again only when its time or size has changed."""
        facts = path.stat()
        key = (path, facts.st_mtime_ns, facts.st_size)
        with self._lock:
            known = self._hashes.get(key)
        if known is None:
            known = file_sha256(path)
            with self._lock:
                self._hashes[key] = known
        return known


class SiteHandler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD with files of the server's folder, and nothing outside it."""

    protocol_version = "HTTP/1.1"
    server_version = "spiraltorch-web"
    sys_version = ""
    server: SiteServer

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        path = self._file()
        if path is None:
            return
        coding = self._coding(path)
        served = path.with_name(f"{path.name}.{CODINGS[coding]}") if coding else path
        tag = f'"{self.server.content_hash(served)}"'
        unchanged = tag in self.headers.get("If-None-Match", "")
        self.send_response(HTTPStatus.NOT_MODIFIED if unchanged else HTTPStatus.OK)
        self.send_header("ETag", tag)
        # The browser keeps a copy and asks each time whether it is current: a rebuilt site is seen on reload.
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        if not unchanged:
            self.send_header("Content-Type", TYPES.get(path.suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(served.stat().st_size))
            if coding:
                self.send_header("Content-Encoding", coding)
        self._finish_headers(path)
        if with_body and not unchanged:
            with served.open("rb") as stream:
                self._send(stream.read())

    def _file(self) -> Path | None:
        """The file a request means, or None after an error or a redirect was sent."""
        asked = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if "\0" in asked or not asked.startswith(self.server.prefix):
            return self._refuse(HTTPStatus.NOT_FOUND)
        path = (self.server.folder / asked.removeprefix(self.server.prefix).lstrip("/")).resolve()
        if not path.is_relative_to(self.server.folder):
            return self._refuse(HTTPStatus.NOT_FOUND)
        if path.is_dir() and not asked.endswith("/"):
            return self._refuse(HTTPStatus.MOVED_PERMANENTLY, asked + "/")
        if path.is_dir():
            path = path / "index.html"
        return path if path.is_file() else self._refuse(HTTPStatus.NOT_FOUND)

    def _coding(self, path: Path) -> str | None:
        """The best coding that the browser takes and that was prepared."""
        accepted = {word.split(";")[0].strip() for word in self.headers.get("Accept-Encoding", "").split(",")}
        there = (name for name, ending in CODINGS.items() if path.with_name(f"{path.name}.{ending}").is_file())
        return next((name for name in there if name in accepted), None)

    def _refuse(self, status: HTTPStatus, location: str | None = None) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        if location is not None:
            self.send_header("Location", urllib.parse.quote(location))
        self.send_header("Content-Type", TYPES[".txt"])
        self.send_header("Content-Length", str(len(body)))
        self._finish_headers(None)
        if self.command != "HEAD":
            self._send(body)

    def _finish_headers(self, path: Path | None) -> None:
        shared = shared_headers() if path is not None and path.suffix == ".whl" else {}
        for name, value in {**self.server.headers, **shared}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, body: bytes) -> None:
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_request(self, code="-", size="-") -> None:
        """Quiet: only what went wrong is worth a line."""
        if isinstance(code, HTTPStatus) and code >= HTTPStatus.BAD_REQUEST:
            super().log_request(code, size)


def open_server(folder: Path, port: int, alternatives: int = 0, prefix: str = "/") -> SiteServer:
    """A server bound to ``port`` or one of the next ``alternatives`` ports; BuildError when all are taken."""
    for candidate in range(port, port + alternatives + 1):
        try:
            return SiteServer(folder, candidate, prefix)
        except PermissionError as failure:
            raise BuildError(f"port {candidate} needs rights this user has not; choose one above 1023") from failure
        except OSError as failure:
            if failure.errno != errno.EADDRINUSE:
                raise BuildError(f"cannot listen on {HOST}:{candidate}: {failure}") from failure
    tried = f"port {port} is" if alternatives == 0 else f"ports {port} to {port + alternatives} are"
    raise BuildError(f"{tried} in use on {HOST}; choose another with --port N, or --port 0 for any free one")
