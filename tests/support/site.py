"""Built sites on free ports of 127.0.0.1."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildtools.commands import build_test_sites
from buildtools.project import Project, exclusive
from buildtools.server import SiteServer, open_server

PROJECT = Project(Path(__file__).resolve().parents[2])


@functools.cache
def built_site(name: str) -> Path:
    """A site of dist/ by its folder's name, brought up to date once per run (at once when nothing has changed)."""
    with exclusive(PROJECT):
        return next(folder for folder in build_test_sites(PROJECT) if folder.name == name)


@contextmanager
def served(folder: Path, prefix: str = "/") -> Iterator[SiteServer]:
    """The server of ``build.py serve`` in a thread; ``.address`` is the site's URL."""
    with open_server(folder, 0, prefix=prefix) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def plainly_served(folder: Path) -> Iterator[str]:
    """Any folder on Python's own server, which sends no policy: the page of somebody else. Gives its URL."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words) -> None:
        pass
