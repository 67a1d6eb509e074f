"""The site as files: complete, hashed, within its transfer budget, and naming no other origin."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import zipfile

import pytest

from buildtools.project import BuildError
from buildtools.runtime import RUNTIMES, runtime_for
from buildtools.site import NOT_SERVED, SiteOptions, build_site, page_files
from buildtools.stamps import file_sha256, tree_files
from tests.support.site import PROJECT, built_site

SITES = ("site", "site-0.27.7")
# Namespaces of SVG and MathML are names, not requests.
FOREIGN = re.compile(r"(?:https?|wss?)://(?!www\.w3\.org/)[A-Za-z0-9-]+\.[a-z]{2,}")
FIRST_LOAD_BUDGET = 8_000_000
FETCHED = """async (address) => {
  const response = await fetch(address);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
  const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { coding: response.headers.get("Content-Encoding"), sha256 };
}"""


@pytest.fixture(params=SITES)
def site(request):
    return built_site(request.param)


def facts(site):
    return json.loads((site / "site.json").read_text())


def lock(site):
    return json.loads((site / facts(site)["pyodide"]["lockFileURL"]).read_text())


def test_the_manifest_names_every_file_with_its_hash(site):
    rows = json.loads((site / "manifest.json").read_text())["files"]
    files = {path.relative_to(site).as_posix(): path for path in tree_files(site)}
    assert rows.keys() == files.keys() - {"manifest.json"}
    assert {name: row["sha256"] for name, row in rows.items()} == {name: file_sha256(files[name]) for name in rows}


def test_it_holds_web_as_it_is_and_no_source_of_the_build(site):
    assert not [name for name in NOT_SERVED - {"vendor"} if (site / name).exists()]
    assert not [path for path in tree_files(site) if ".test." in path.name]
    served = {path.relative_to(PROJECT.web).as_posix() for path in page_files(PROJECT)}
    assert served <= {path.relative_to(site).as_posix() for path in tree_files(site)}


def test_every_vendor_entry_became_one_bundle_with_its_licences(site):
    entries = {path.name for path in (PROJECT.web / "vendor").glob("*.js")}
    assert entries <= {path.name for path in (site / "vendor").iterdir()}
    licences = (site / "vendor" / "LICENSES.txt").read_text()
    assert not entries or "Permission is hereby granted" in licences


def test_the_lock_names_hosted_wheels_with_their_hashes_and_nothing_else(site):
    folder = site / "pyodide"
    packages = lock(site)["packages"]
    assert {"spiraltorch-web", "lark", "micropip", "packaging"} <= packages.keys()
    assert {entry["file_name"] for entry in packages.values()} == {
        f"wheels/{path.name}" for path in (folder / "wheels").iterdir()
    }
    for name, entry in packages.items():
        assert entry["name"] == name
        assert entry["sha256"] == file_sha256(folder / entry["file_name"])
        assert set(entry["depends"]) <= packages.keys()


def test_the_lock_is_of_the_runtime_beside_it(site):
    runtime = runtime_for(facts(site)["pyodide"]["version"])
    assert lock(site)["info"] == runtime.stock_lock(PROJECT)["info"]
    assert all((site / "pyodide" / name).is_file() for name in runtime.files)


def test_numpy_is_there_when_the_site_says_so(site):
    assert facts(site)["numpy"] == ("numpy" in lock(site)["packages"])


def test_the_cpu_site_hosts_numpy():
    assert facts(built_site("site-0.27.7"))["numpy"]


def test_sizes_for_the_progress_display_are_right(site):
    sizes = facts(site)["sizes"]
    there = {path.name: path.stat().st_size for path in tree_files(site / "pyodide")}
    assert sizes == {name: there[name] for name in sizes}
    assert {"pyodide.asm.wasm", "python_stdlib.zip", "library.pack"} <= sizes.keys()


def test_the_site_has_a_snapshot_of_python():
    site = built_site("site")
    snapshot = facts(site)["snapshot"]
    assert (site / snapshot["name"]).stat().st_size == snapshot["bytes"] == facts(site)["sizes"]["python.snapshot"]
    assert all((site / f"{snapshot['name']}{ending}").is_file() for ending in (".br", ".gz"))
    assert facts(built_site("site-0.27.7"))["snapshot"] is None


def test_the_library_of_the_page_is_what_the_wheel_installs(site):
    known = facts(site)
    packed = (site / known["library"]["name"]).read_bytes()
    assert known["library"]["integrity"] == f"sha256-{base64.b64encode(hashlib.sha256(packed).digest()).decode()}"
    content = gzip.decompress(packed)
    start = 4 + int.from_bytes(content[:4], "little")
    files, place = {}, start
    for path, length in json.loads(content[4:start]):
        files[path] = content[place : place + length]
        place += length
    assert place == len(content)
    with zipfile.ZipFile(site / "pyodide" / "wheels" / known["wheel"]) as wheel:
        names = [name for name in wheel.namelist() if not (known["snapshot"] and name.endswith(".pyc"))]
        assert {name: files.get(name) for name in names} == {name: wheel.read(name) for name in names}


LATER = ("examples", "tuner_tables", "panels/rankk", "panels/roundtable", "panels/speed", "pyodide/python_stdlib.zip")
BUNDLED = ("vendor/codemirror.js", "vendor/uplot.js")  # into parts/, from which the page has them


def test_the_first_load_keeps_its_transfer_budget():
    """Everything but what loads on demand (examples, wheels, tables, other views, the standard library beyond the
    snapshot), the preview and what the page has in bundles, sent with Brotli.
    """
    site = built_site("site")
    loaded = [
        path
        for path in tree_files(site)
        if path.suffix not in (".br", ".gz", ".whl")
        and not any(path.is_relative_to(site / other) for other in (*LATER, *BUNDLED))
        and path.name != "social.png"
    ]
    assert sum(min(version.stat().st_size for version in _versions(path)) for path in loaded) <= FIRST_LOAD_BUDGET


def _versions(path):
    return [file for ending in ("", ".br", ".gz") if (file := path.with_name(path.name + ending)).is_file()]


def test_compressed_files_unpack_to_their_neighbours(site):
    packed = [path for path in tree_files(site) if path.suffix == ".gz" and "examples" not in path.parts]
    assert site / "pyodide" / "pyodide.asm.wasm.gz" in packed
    for path in packed:
        # As a bare truth: pytest would spend minutes on the difference of two large files.
        same = gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()
        assert same, path.name


def test_browsers_get_large_files_as_brotli(browser_page, site_server):
    site = built_site("site")
    packed = [path.with_suffix("") for path in tree_files(site) if path.suffix == ".br"]
    assert site / "pyodide" / "pyodide.asm.wasm" in packed
    page = browser_page(site_server.address + "site.json")
    for path in packed:
        found = page.evaluate(FETCHED, path.relative_to(site).as_posix())
        assert found == {"coding": "br", "sha256": file_sha256(path)}


def test_nothing_we_wrote_names_another_origin():
    """Comments may give sources; markup, styles and code may not fetch from them."""
    site = built_site("site")
    ours = [path for path in page_files(PROJECT) if path.suffix in (".html", ".css", ".js", ".mjs", ".svg")]
    assert ours
    guilty = {
        path.relative_to(PROJECT.web).as_posix(): found
        for path in ours
        if (found := FOREIGN.findall(_without_comments((site / path.relative_to(PROJECT.web)).read_text())))
    }
    assert guilty == {}


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|<!--.*?-->|(?m:^\s*//.*$)", "", text, flags=re.DOTALL)


def test_the_markup_carries_the_policy(site):
    assert 'http-equiv="Content-Security-Policy"' in (site / "index.html").read_text()


def test_named_origins_reach_the_markup_the_headers_and_the_server(tmp_path):
    out = build_site(PROJECT, tmp_path / "wide", SiteOptions(connect_src=("https://data.example.org",)))
    policy = "connect-src 'self' https://data.example.org;"
    assert policy in (out / "index.html").read_text()
    assert policy in (out / "_headers").read_text()
    assert facts(out)["connectSrc"] == ["https://data.example.org"]


def test_a_folder_with_other_content_is_not_overwritten(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(BuildError, match="not a site that this build wrote"):
        build_site(PROJECT, tmp_path, SiteOptions())
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_an_unknown_runtime_is_an_error_that_names_the_known():
    with pytest.raises(BuildError, match=", ".join(re.escape(runtime.version) for runtime in RUNTIMES)):
        runtime_for("1.0")
