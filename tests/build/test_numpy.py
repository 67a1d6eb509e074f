"""NumPy's wheel for the CPU fallback: only the one of Pyodide's lock is ever taken."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager

import pytest

from buildtools import numpy_wheel as module
from buildtools.numpy_wheel import numpy_from_carrier, numpy_wheel
from buildtools.project import BuildError, Project
from buildtools.runtime import runtime_for
from buildtools.stamps import file_sha256
from tests.support.site import PROJECT, built_site

RUNTIME = runtime_for("0.27.7")


@pytest.fixture(scope="module")
def genuine():
    """The wheel that the tests' site hosts (building that site installs the npm packages)."""
    built_site("site-0.27.7")
    return numpy_from_carrier(PROJECT, RUNTIME)


@pytest.fixture
def checkout(tmp_path):
    """A checkout with nothing but the npm packages of the real one, so that its cache is empty."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "node_modules").symlink_to(PROJECT.node_modules)
    return Project(tmp_path)


def test_the_carried_wheel_is_the_one_of_the_lock(genuine):
    entry = RUNTIME.stock_lock(PROJECT)["packages"]["numpy"]
    assert (genuine.name, file_sha256(genuine)) == (entry["file_name"], entry["sha256"])


def test_a_genuine_file_is_taken_and_kept_under_its_real_name(checkout, genuine, tmp_path):
    renamed = tmp_path / "download.bin"
    renamed.write_bytes(genuine.read_bytes())
    assert numpy_wheel(checkout, RUNTIME, renamed).name == genuine.name
    renamed.unlink()
    kept = numpy_wheel(checkout, RUNTIME, None)
    assert numpy_wheel(checkout, RUNTIME, kept) == kept
    assert file_sha256(numpy_wheel(checkout, RUNTIME, None)) == file_sha256(genuine)


def test_a_tampered_file_is_refused_with_both_hashes(checkout, genuine, tmp_path):
    content = bytearray(genuine.read_bytes())
    content[len(content) // 2] ^= 1
    tampered = tmp_path / genuine.name
    tampered.write_bytes(content)
    with pytest.raises(BuildError, match=r"not the NumPy wheel(.|\n)*ebb61241(.|\n)*found  sha256"):
        numpy_wheel(checkout, RUNTIME, tampered)
    assert not list(checkout.cache.rglob("*.whl"))


def test_a_missing_file_is_an_error(checkout, tmp_path):
    with pytest.raises(BuildError, match="there is no file"):
        numpy_wheel(checkout, RUNTIME, tmp_path / "missing.whl")


def test_without_a_network_the_build_says_so_and_goes_on(checkout, monkeypatch, capsys):
    # Port 9 of this machine: nothing listens there.
    monkeypatch.setattr(module, "DISTRIBUTION", "http://127.0.0.1:9/{version}/{file}")
    assert numpy_wheel(checkout, RUNTIME, None) is None
    said = capsys.readouterr().out
    assert "the page has no CPU fallback" in said
    assert "--vendor-numpy FILE" in said


def test_a_failed_download_is_not_repeated_at_once(checkout, monkeypatch, capsys):
    monkeypatch.setattr(module, "DISTRIBUTION", "http://127.0.0.1:9/{version}/{file}")
    numpy_wheel(checkout, RUNTIME, None)
    capsys.readouterr()
    assert numpy_wheel(checkout, RUNTIME, None) is None
    said = capsys.readouterr().out
    assert "downloading" not in said
    assert "no NumPy wheel" in said


@contextmanager
def _host(content: bytes):
    """An HTTP server that answers everything with these bytes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{{version}}/{{file}}"
        server.shutdown()
        thread.join()


def test_a_genuine_download_is_taken(checkout, genuine, monkeypatch):
    with _host(genuine.read_bytes()) as address:
        monkeypatch.setattr(module, "DISTRIBUTION", address)
        assert file_sha256(numpy_wheel(checkout, RUNTIME, None)) == file_sha256(genuine)


def test_a_tampered_download_is_refused(checkout, monkeypatch, capsys):
    with _host(b"not a wheel") as address:
        monkeypatch.setattr(module, "DISTRIBUTION", address)
        assert numpy_wheel(checkout, RUNTIME, None) is None
    assert "is not the NumPy wheel of Pyodide's lock" in capsys.readouterr().out
    assert not list(checkout.cache.rglob("*.whl"))
