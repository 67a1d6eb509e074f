"""The local server: types, security headers, caching, compression, and nothing outside its folder."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from contextlib import contextmanager

import pytest

from buildtools.project import BuildError
from buildtools.server import open_server
from tests.support.site import served

PREFIX = "/some/where/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny site beside a file that must never be served."""
    outside = tmp_path_factory.mktemp("served")
    (outside / "secret.txt").write_text("secret")
    site = outside / "site"
    (site / "pyodide" / "wheels").mkdir(parents=True)
    (site / "site.json").write_text(json.dumps({"connectSrc": ["https://data.example.org"]}))
    (site / "index.html").write_text("<head></head>")
    for name in ("main.js", "a.mjs", "a.wasm", "a.py", "a.css", "a.bin", "pyodide/wheels/a-1-py3-none-any.whl"):
        (site / name).write_text(f"content of {name}\n" * 100)
    (site / "main.js.gz").write_bytes(gzip.compress((site / "main.js").read_bytes()))
    (site / "a.wasm.gz").write_bytes(b"as gzip")
    (site / "a.wasm.br").write_bytes(b"as Brotli")
    return site


@pytest.fixture(scope="module")
def ask(folder):
    """ask(path, method, headers) -> (status, headers, body), without the client tidying the path."""
    with served(folder, PREFIX) as server:

        def request(path, method="GET", **headers):
            connection = http.client.HTTPConnection(*server.server_address, timeout=10)
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=names)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer.status, answer.headers, body

        yield request


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("a.py", "text/x-python; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.bin", "application/octet-stream"),
        ("site.json", "application/json; charset=utf-8"),
        ("pyodide/wheels/a-1-py3-none-any.whl", "application/zip"),
    ],
)
def test_every_kind_of_file_has_its_type(ask, name, kind):
    status, headers, _ = ask(PREFIX + name)
    assert (status, headers["Content-Type"]) == (200, kind)


@pytest.mark.parametrize("name", ["", "main.js", "missing.js"])
def test_every_response_carries_the_security_headers(ask, name):
    _, headers, _ = ask(PREFIX + name)
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "connect-src 'self' https://data.example.org;" in policy
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_wheels_may_be_fetched_by_other_origins(ask):
    _, headers, _ = ask(PREFIX + "pyodide/wheels/a-1-py3-none-any.whl")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert ask(PREFIX + "main.js")[1]["Access-Control-Allow-Origin"] is None


def test_an_unchanged_file_is_not_sent_again_and_a_changed_one_is(ask, folder):
    _, headers, _ = ask(PREFIX + "a.css")
    assert headers["Cache-Control"] == "no-cache"
    status, _, body = ask(PREFIX + "a.css", If_None_Match=headers["ETag"])
    assert (status, body) == (304, b"")
    (folder / "a.css").write_text("changed")
    status, _, body = ask(PREFIX + "a.css", If_None_Match=headers["ETag"])
    assert (status, body) == (200, b"changed")


def test_prepared_compression_is_used_only_when_accepted(ask, folder):
    status, headers, body = ask(PREFIX + "main.js", Accept_Encoding="gzip, br")
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(body) == (folder / "main.js").read_bytes()
    _, plain, body = ask(PREFIX + "main.js")
    assert (plain["Content-Encoding"], body) == (None, (folder / "main.js").read_bytes())
    assert plain["ETag"] != headers["ETag"]


@pytest.mark.parametrize(
    ("accepted", "coding", "sent"),
    [("gzip, deflate, br, zstd", "br", b"as Brotli"), ("gzip;q=0.5", "gzip", b"as gzip"), ("brotli, zstd", None, None)],
)
def test_the_best_accepted_coding_is_sent(ask, folder, accepted, coding, sent):
    _, headers, body = ask(PREFIX + "a.wasm", Accept_Encoding=accepted)
    assert (headers["Content-Encoding"], body) == (coding, sent or (folder / "a.wasm").read_bytes())


@pytest.mark.parametrize(
    "path",
    [
        "/", "/main.js", PREFIX + "../secret.txt", PREFIX + "../../secret.txt", PREFIX + "%2e%2e/secret.txt",
        PREFIX + "..%2fsecret.txt", PREFIX + "/etc/passwd", PREFIX + "%2fetc/passwd", PREFIX + "a%00b",
        PREFIX + "missing", PREFIX + "pyodide/",
    ],
)  # fmt: skip
def test_nothing_outside_the_folder_is_served(ask, path):
    status, _, body = ask(path)
    assert status == 404
    assert b"secret" not in body


def test_a_folder_without_its_slash_redirects(ask):
    status, headers, _ = ask(PREFIX + "pyodide")
    assert (status, headers["Location"]) == (301, PREFIX + "pyodide/")


def test_head_tells_the_length_and_sends_nothing(ask, folder):
    status, headers, body = ask(PREFIX + "a.wasm", method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) == (folder / "a.wasm").stat().st_size


def test_other_methods_are_refused(ask):
    assert ask(PREFIX, method="POST")[0] == 501


def test_a_taken_port_is_an_error_that_names_the_option(folder):
    with served(folder) as server, pytest.raises(BuildError, match=r"port \d+ is in use .*--port"):
        open_server(folder, server.server_address[1])


def test_without_a_wish_the_next_free_port_is_taken(folder):
    with served(folder) as server:
        taken = server.server_address[1]
        with open_server(folder, taken, alternatives=5) as other:
            assert taken < other.server_address[1] <= taken + 5


@contextmanager
def _many(count, work):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def test_many_clients_at_once_get_whole_files(ask, folder):
    bodies = []
    with _many(8, lambda: bodies.append(ask(PREFIX + "a.wasm")[2])):
        pass
    assert bodies == [(folder / "a.wasm").read_bytes()] * 8
