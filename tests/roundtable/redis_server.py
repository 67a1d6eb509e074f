"""A real redis-server on a free port of this machine, which tests can kill, freeze and start again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from pathlib import Path

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.retry import Retry

START_ATTEMPTS = 200
START_PAUSE_SECONDS = 0.05


class RedisServer:
    """Keeps nothing on disk; `stop` it at the end."""

    def __init__(self, folder: Path) -> None:
        self._program = shutil.which("redis-server")
        assert self._program, "the tests need redis-server (Debian package redis-server)"
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self._folder}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([self._program, *words], stdout=subprocess.DEVNULL)
        with self.client() as client:
            client.ping()

    def client(self) -> Redis:
        """A client that is patient while the server starts."""
        retry = Retry(ConstantBackoff(START_PAUSE_SECONDS), START_ATTEMPTS, (NoConnection,))
        return Redis.from_url(self.url, retry=retry, decode_responses=True)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
