"""A server under its keeper: start, await, kill, stop."""
from __future__ import annotations

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from suite.accounting import descendants, processes

KEEPER = pathlib.Path(__file__).with_name("keeper.py")
GRACE_S = 20.0
# All that a server gets of the caller's environment: its settings are in files, and a variable that is set here by chance is none.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME")
MESSAGE_LENGTH_MAX = 300


class ServerFailed(RuntimeError):
    """A server did not start, or ended by itself. The text ends with the last lines it wrote."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class ServerProcess:
    """Owned by whoever made it, who calls stop(). Ends with this process in any case: see keeper.py."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: pathlib.Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._keeper = subprocess.Popen(
                [sys.executable, "-S", str(KEEPER), str(GRACE_S), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=output, env={**{name: os.environ[name] for name in PASSED_ON if name in os.environ}, **environment}, start_new_session=True)
        assert self._keeper.stdout is not None
        words = self._keeper.stdout.readline().split()
        self._keeper.stdout.close()
        if len(words) != 2:
            self._keeper.wait()
            raise ServerFailed(f"{command[0]} could not be run: {self._last_lines()}")
        self.pid = int(words[0])
        self.started_s = int(words[1]) / 1e9

    @property
    def tree_root(self) -> int:
        """The process below which the server is, all of it."""
        return self._keeper.pid

    def is_running(self) -> bool:
        """Until the process that was started has ended, and all that it started with it."""
        return self._keeper.poll() is None

    def await_end(self) -> None:
        self._keeper.wait()

    def pids(self) -> list[int]:
        return descendants(self.tree_root, processes())

    def await_ready(self, is_ready: Callable[[], bool], timeout_s: float = 60, poll_s: float = 0.02) -> float:
        """Until it answers; returns the seconds since the exec."""
        while not is_ready():
            if self._keeper.poll() is not None:
                raise ServerFailed(f"it ended before it answered: {self._last_lines()}")
            if time.monotonic() - self.started_s > timeout_s:
                raise ServerFailed(f"no answer within {timeout_s:.0f} s: {self._last_lines()}")
            time.sleep(poll_s)
        return time.monotonic() - self.started_s

    def kill(self) -> None:
        """As a crash: no server gets to tidy up."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.stop()

    def stop(self) -> None:
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
        self._keeper.wait()

    def _last_lines(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log.exists() else []
        return " | ".join(line.strip() for line in lines[-3:])[:MESSAGE_LENGTH_MAX] or "it wrote nothing"
