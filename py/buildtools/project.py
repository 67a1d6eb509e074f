"""Where things are in a checkout, how a command is run, and how a failure is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class BuildError(Exception):
    """A step of the build failed; the message says what was tried and what to do."""


@dataclass(frozen=True)
class Project:
    """The folders of one checkout. Outputs go to ``dist``, what may be reused to ``cache``."""

    root: Path

    @property
    def web(self) -> Path:
        return self.root / "web"

    @property
    def package(self) -> Path:
        return self.root / "py" / "spiraltorch_web"

    @property
    def requirements(self) -> Path:
        return self.root / "py" / "buildtools" / "requirements"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter of the private virtual environment."""
        return self.venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def node_modules(self) -> Path:
        return self.web / "node_modules"

    @property
    def dist(self) -> Path:
        return self.root / "dist"

    @property
    def cache(self) -> Path:
        return self.root / ".cache" / "build"


def say(message: str) -> None:
    """Tell the person at the terminal what is happening."""
    print(f"build: {message}", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    what: str,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a command to its end and give its output; raise BuildError with that output if it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except FileNotFoundError as missing:
        raise BuildError(f"{what}: the program {words[0]!r} is not installed") from missing
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-40:])
        raise BuildError(f"{what} failed ({' '.join(words)}, status {done.returncode}):\n{tail}")
    return done.stdout


@contextmanager
def exclusive(project: Project) -> Iterator[None]:
    """Let one build at a time work in a checkout; a second one waits (Windows has no such lock)."""
    project.cache.mkdir(parents=True, exist_ok=True)
    with (project.cache / "lock").open("w") as handle:
        if os.name == "posix":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
