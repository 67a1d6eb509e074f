"""A bare page for device tests: the executor's modules, Pyodide and the package, served without building a site."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "py" / "spiraltorch_web"
FOLDERS = {
    "/executor/": PACKAGE / "device" / "web",
    "/pyodide/": ROOT / "web" / "node_modules" / "pyodide",
    "/pyodide-0.27/": ROOT / "web" / "node_modules" / "pyodide-0.27",
}
DATA = ((ROOT / "shaders", "_data/shaders"), (ROOT / "tuner_tables", "_data/tuner_tables"))
PAGE = b"<!doctype html><meta charset=utf-8><title>device tests</title><link rel=icon href=data:,>"
START_PYTHON = """async ([folder, preload]) => {
  if (preload) await import("/executor/executor.js");
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  globalThis.python = await loadPyodide({ indexURL: folder });
  const archive = await (await fetch("/package.zip")).arrayBuffer();
  python.unpackArchive(archive, "zip", { extractDir: "/package" });
  python.runPython("import sys; sys.path.insert(0, '/package')");
}"""


def package_archive() -> bytes:
    """The Python package with its data as a zip file, laid out as in the wheel."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for folder, place in ((PACKAGE, ""), *DATA):
            for path in folder.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, Path(PACKAGE.name, place, path.relative_to(folder)))
    return data.getvalue()


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, *arguments, archive: bytes, **options) -> None:
        self.archive = archive
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        if self.path == "/":
            self._send(PAGE, "text/html")
        elif self.path == "/package.zip":
            self._send(self.archive, "application/zip")
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        for prefix, folder in FOLDERS.items():
            if path.startswith(prefix):
                return str(folder / Path(path.removeprefix(prefix)).name)
        return str(ROOT / "no such file")

    def log_message(self, *_arguments) -> None:
        """Say nothing."""

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def device_server() -> Iterator[str]:
    """Serve the page on a free port; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, archive=package_archive())) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def run_python(page, source: str) -> object:
    """Run Python in the page, where it may wait through JSPI, and return the value of its last expression."""
    return page.evaluate("async (source) => python.runPythonAsync(source)", source)
