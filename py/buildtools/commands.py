"""The commands of build.py: what each sets up, does and says."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .environment import ensure_npm, ensure_python, ensure_system_packages
from .numpy_wheel import numpy_from_carrier, numpy_wheel
from .policy import check_origins
from .project import BuildError, Project, exclusive, say
from .runtime import DEFAULT_VERSION, runtime_for
from .server import open_server
from .site import SiteOptions, build_site
from .wheel import build_wheel
from .wordnet import write_mammals

DEFAULT_PORT = 8000
FALLBACK_PORTS = 9
# The release whose NumPy wheel the tests can get: the page's CPU fallback is tested on it.
CPU_TEST_VERSION = "0.27.7"
# Commands whose arguments belong to the program they run.
PASSES_ON = ("test", "bench")
# One worker for each core, and whole files to each, because browsers and their pages are made once per worker or file;
# what is said on the command line comes later and wins. tests/conftest.py puts the long files first.
TEST_WORKERS = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")


def main(project: Project, arguments: Sequence[str]) -> int:
    """Run one command; the exit status is 0 when it succeeded."""
    words = list(arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "serve")
    passed_on = words[1:] if words[0] in PASSES_ON else []
    parsed = _parser().parse_args(words[: len(words) - len(passed_on)])
    try:
        return parsed.command(project, parsed, passed_on)
    except BuildError as failure:
        print(f"build: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="build.py", description="Set up, build, serve and test SpiralTorch for the web."
    )
    commands = parser.add_subparsers(metavar="command", required=True)

    def add(name: str, action, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=action)
        return sub

    served = add("serve", serve, "build the site and serve it on 127.0.0.1 (the default command)")
    served.add_argument("--port", type=_port, metavar="N", help=f"port to listen on (default {DEFAULT_PORT})")
    sited = add("site", site, "write the deployable static site")
    sited.add_argument("--out", type=Path, metavar="DIR", help="where to (default dist/site)")
    sited.add_argument(
        "--connect-src", nargs="+", default=[], metavar="ORIGIN", help="origins that scripts may also fetch from"
    )
    sited.add_argument("--pyodide", default=DEFAULT_VERSION, metavar="VERSION", help=argparse.SUPPRESS)
    for sub in (served, sited):
        sub.add_argument(
            "--vendor-numpy", type=Path, metavar="FILE", help="NumPy's wheel for the CPU fallback in the page"
        )
    add("test", test, "set up everything and run the test suite; arguments go to pytest")
    add("bench", bench, "run the benchmarks; arguments go to them")
    add("data", data, "make the examples' data again from the packages they come from")
    add("check", check, "lint the sources")
    add("wheel", wheel, "build the wheel into dist/")
    add("clean", clean, "remove what was built and cached, but not the environments")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def serve(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Build what has changed, then serve until interrupted."""
    with exclusive(project):
        numpy = _numpy(project, parsed.vendor_numpy)
        folder = build_site(project, project.dist / "site", SiteOptions(numpy=numpy, packed_quickly=True))
    chosen = parsed.port is not None
    with open_server(folder, parsed.port if chosen else DEFAULT_PORT, 0 if chosen else FALLBACK_PORTS) as server:
        say(f"serving {server.address} (stop with Ctrl+C)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")
    return 0


def site(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Write the static site and say where it is."""
    origins = check_origins(parsed.connect_src)
    out = (parsed.out or project.dist / "site").resolve()
    with exclusive(project):
        numpy = _numpy(project, parsed.vendor_numpy, parsed.pyodide)
        build_site(project, out, SiteOptions(numpy=numpy, connect_src=origins, pyodide=parsed.pyodide))
    say(f"the site is in {out}")
    return 0


def _numpy(project: Project, given: Path | None, version: str = DEFAULT_VERSION) -> Path | None:
    ensure_npm(project, project.web)
    return numpy_wheel(project, runtime_for(version), given)


def test(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Set everything up, build both sites and run pytest on every core with the given arguments."""
    ensure_system_packages()
    with exclusive(project):
        ensure_python(project, "build", "test")
        build_test_sites(project)
    return _run_python(project, "-m", "pytest", *TEST_WORKERS, *passed_on)


def build_test_sites(project: Project) -> tuple[Path, Path]:
    """The site as it is served, and the variant on which the CPU fallback is tested with a real NumPy."""
    shipped = build_site(project, project.dist / "site", SiteOptions(numpy=_numpy(project, None), packed_quickly=True))
    carried = numpy_from_carrier(project, runtime_for(CPU_TEST_VERSION))
    options = SiteOptions(numpy=carried, pyodide=CPU_TEST_VERSION, packed_quickly=True)
    return shipped, build_site(project, project.dist / f"site-{CPU_TEST_VERSION}", options)


def bench(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Set up the benchmarks, their peers included, and run them with the given arguments."""
    ensure_system_packages()
    with exclusive(project):
        ensure_python(project, "build", "test")
        build_site(project, project.dist / "site-bench", SiteOptions(bench=True))
    return _run_python(project, "-m", "tests.bench.run", *passed_on)


def data(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Write the files in web/examples/data/ that are made of npm packages; they are kept in the repository."""
    with exclusive(project):
        write_mammals(project)
    return 0


def check(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Lint with ruff."""
    with exclusive(project):
        ensure_python(project, "build", "test")
    return _run_python(project, "-m", "ruff", "check", "py", "tests", "web", "build.py")


def wheel(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Build the wheel and copy it to dist/."""
    with exclusive(project):
        built = build_wheel(project)
    project.dist.mkdir(exist_ok=True)
    shutil.copyfile(built, project.dist / built.name)
    say(f"the wheel is {project.dist / built.name}")
    return 0


def clean(project: Project, parsed: argparse.Namespace, passed_on: Sequence[str]) -> int:
    """Remove outputs and caches."""
    for folder in (project.dist, project.cache):
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _run_python(project: Project, *arguments: str) -> int:
    """Run the private environment's Python on the sources, in the foreground; its status is ours."""
    environment = {**os.environ, "PYTHONPATH": str(project.root / "py")}
    # Mesa's Vulkan driver insists on a runtime folder, which a bare CI machine does not name.
    environment.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    command = [str(project.python), *arguments]
    return subprocess.run(command, cwd=project.root, env=environment, check=False).returncode
