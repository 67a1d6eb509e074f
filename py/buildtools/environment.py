"""Set-up: the private virtual environment, npm packages and, for tests, the system's packages."""

from __future__ import annotations

import os
import shutil
import venv
from collections.abc import Sequence
from ctypes.util import find_library
from pathlib import Path

from .project import BuildError, Project, run, say
from .stamps import digest, is_current, write_stamp

WINDOWLESS_CHROMIUM = "chromium-headless-shell"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LAVAPIPE_MANIFESTS = ("/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d")


def ensure_python(project: Project, *sets: str) -> None:
    """Have ``.venv`` with the named requirement sets (files in requirements/), pinned by version and hash."""
    if not project.python.exists():
        _create_venv(project)
    for name in sets:
        listed = project.requirements / f"{name}.txt"
        stamp = project.venv / f".installed-{name}"
        wanted = digest(project.root, [listed])
        if is_current(stamp, wanted):
            continue
        say(f"installing Python packages ({listed.name})")
        pip(project, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(listed))
        write_stamp(stamp, wanted)


def pip(project: Project, command: str, *arguments: str) -> str:
    """Run a pip command in the private environment."""
    options = ("--quiet", "--no-input", "--disable-pip-version-check")
    return run([project.python, "-m", "pip", command, *options, *arguments], cwd=project.root, what=f"pip {command}")


def _create_venv(project: Project) -> None:
    say(f"making a virtual environment in {project.venv.name}/")
    try:
        venv.create(project.venv, clear=True, with_pip=True, symlinks=os.name != "nt")
    except Exception as failure:
        shutil.rmtree(project.venv, ignore_errors=True)
        raise BuildError(
            "this Python cannot make a virtual environment with pip.\n"
            f"On Debian or Ubuntu: {_apt_command(['python3-venv'])}\n({failure})"
        ) from failure


def ensure_npm(project: Project, folder: Path) -> None:
    """Have a folder's npm packages, exactly those of its lock; none of their scripts is run."""
    stamp = folder / "node_modules" / ".installed"
    wanted = digest(folder, [folder / "package.json", folder / "package-lock.json"])
    if is_current(stamp, wanted):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(f"npm is not installed.\nOn Debian or Ubuntu: {_apt_command(['npm'])}")
    say(f"installing npm packages ({folder.relative_to(project.root)}/package-lock.json)")
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, what="npm ci")
    write_stamp(stamp, wanted)


def chromium_path() -> str | None:
    """A Chromium as people use it, if the machine has one, else one without windows."""
    return _first_command((*CHROMIUM_NAMES, WINDOWLESS_CHROMIUM))


def windowless_chromium_path() -> str | None:
    """The browser that the tests drive: Chromium without its own windows where there is one (Debian's
    chromium-headless-shell), whose pages take a third of the processor time; else the one that people use.
    """
    return _first_command((WINDOWLESS_CHROMIUM, *CHROMIUM_NAMES))


def _first_command(names: Sequence[str]) -> str | None:
    found = (shutil.which(name) for name in names)
    return next((path for path in found if path), None)


def lavapipe_manifest() -> Path | None:
    """The Vulkan loader's manifest of Mesa's CPU driver, if it is installed."""
    found = (path for folder in LAVAPIPE_MANIFESTS for path in sorted(Path(folder).glob("lvp_icd*.json")))
    return next(found, None)


def missing_system_packages() -> list[str]:
    """Debian names of what the tests need from the system and do not find."""
    missing = []
    if windowless_chromium_path() is None:
        missing.append("chromium")
    if lavapipe_manifest() is None:
        missing.append("mesa-vulkan-drivers")
    if find_library("vulkan") is None:
        missing.append("libvulkan1")
    if shutil.which("redis-server") is None:
        missing.append("redis-server")
    return missing


def ensure_system_packages() -> None:
    """Install Chromium, a CPU Vulkan driver and Redis when allowed to; else say which command does it."""
    missing = missing_system_packages()
    if not missing:
        return
    advice = f"The tests need {', '.join(missing)} from the system. Please run:\n  {_apt_command(missing)}"
    apt = shutil.which("apt-get")
    as_root = _root_prefix()
    if apt is None or as_root is None:
        raise BuildError(advice)
    say(f"installing system packages: {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        run([*as_root, apt, "update", "-q"], cwd=Path("/"), what="apt-get update", env=environment)
        run(
            [*as_root, apt, "install", "-q", "-y", "--no-install-recommends", *_best_of(missing)],
            cwd=Path("/"),
            what="apt-get install",
            env=environment,
        )
    except BuildError as failure:
        raise BuildError(f"{failure}\n{advice}") from failure
    if still := missing_system_packages():
        raise BuildError(f"apt-get installed its packages, yet {', '.join(still)} cannot be found.\n{advice}")


def _best_of(packages: list[str]) -> list[str]:
    """The packages, with the browser that pages cost least in where apt knows it, as on Debian."""
    if "chromium" not in packages:
        return packages
    try:
        run(["apt-cache", "show", "-q", WINDOWLESS_CHROMIUM], cwd=Path("/"), what="apt-cache show")
    except BuildError:
        return packages
    return [WINDOWLESS_CHROMIUM if name == "chromium" else name for name in packages]


def _root_prefix() -> list[str] | None:
    """How to run a command as root without a question: [] as root, sudo's words, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    try:
        run([sudo, "-n", "true"], cwd=Path("/"), what="sudo")
    except BuildError:
        return None
    return [sudo, "-n"]


def _apt_command(packages: list[str]) -> str:
    return f"sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"
