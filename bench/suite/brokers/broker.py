"""What the suite asks of a broker, and what all of them share."""
from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

from suite.load import Load
from suite.server_process import ServerFailed, ServerProcess
from suite.workloads import LOGGED, Kind, Workload


@dataclasses.dataclass(frozen=True)
class Mode:
    """A way to run a broker. `promise` is what an acknowledgement means in it."""

    name: str
    promise: str
    settings: tuple[str, ...]
    syncs: bool = False
    is_default: bool = False


@dataclasses.dataclass(frozen=True)
class Places:
    """Where things are."""

    bin_dir: pathlib.Path  # leatd, leat, leat_bench_load
    peers_dir: pathlib.Path  # settings files, one folder a broker
    installed_dir: pathlib.Path  # what was installed for the suite alone


@dataclasses.dataclass
class Session:
    """A running broker in one mode. Who opened it closes it."""

    broker: Broker
    mode: Mode
    directory: pathlib.Path
    server: ServerProcess
    load: Load
    port: int

    def close(self) -> None:
        self.server.stop()


@dataclasses.dataclass(frozen=True)
class Start:
    """How to start a server whose settings are written: the command, what to ask, and the load for it."""

    command: list[str]
    is_ready: Callable[[], bool]
    load: Load
    port: int
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Broker:
    """Knows how to start one broker. Stateless; every start gets an empty directory or the one it left behind."""

    name = ""
    title = ""
    modes: tuple[Mode, ...] = ()
    kinds: frozenset[Kind] = LOGGED | {Kind.FAN}
    # Whether old records are read from files at all.
    reads_files = True
    # Seconds at the rate before an end-to-end latency counts.
    e2e_warmup_s = 1.0
    # A server that compiles itself while it works gets so many seconds of single requests before anything is measured.
    compiling_s = 0.0
    folder = ""

    def __init__(self, places: Places) -> None:
        self.places = places

    def unavailable(self) -> str | None:
        """Why it can't be measured here, in one line."""
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError

    def prepare(self, mode: Mode, directory: pathlib.Path) -> Start:
        """Writes the settings into the directory."""
        raise NotImplementedError

    def measures(self, workload: Workload, mode: Mode) -> bool:
        """Reading what is old does not depend on when it was synced, and fan-out is judged beside brokers that keep nothing: of others one
        mode is enough."""
        if workload.kind not in self.kinds or (workload.transport == "ws" and self.name != "leat"):
            return False
        if workload.kind == Kind.CATCH_UP:
            return mode.is_default and (self.reads_files or not workload.is_cold)
        if workload.kind == Kind.FAN:
            return mode.is_default or self.name == "leat"
        return True

    def refusal(self, workload: Workload) -> str | None:
        """Why this workload is none for this broker, though its kind is: nothing to try, and no failure."""
        return None

    def lingers_ms(self, workload: Workload) -> Sequence[float | None]:
        """How long its client's batches may wait to fill: of several the one with which it is fastest. None: as the client does it."""
        return (None,)

    def open(self, mode: Mode, directory: pathlib.Path) -> Session:
        directory.mkdir(parents=True, exist_ok=True)
        start = self.prepare(mode, directory)
        server = ServerProcess(start.command, start.environment, directory / "server.log")
        try:
            server.await_ready(start.is_ready)
        except BaseException:
            server.stop()
            raise
        start.load.is_served = server.is_running
        return Session(self, mode, directory, server, start.load, start.port)

    def settings(self, mode: Mode) -> dict[str, str]:
        """The text of every settings file of the mode, by its name below bench/peers."""
        return {f"{self.folder}/{name}": self._settings_path(name).read_text(encoding="utf-8") for name in mode.settings}

    def write_settings(self, mode: Mode, into: pathlib.Path, values: Mapping[str, object]) -> pathlib.Path:
        """The files of the mode, one behind the other, with @NAME@ replaced by what only a run knows: ports and directories."""
        text = "".join(self.settings(mode).values())
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        into.write_text(text, encoding="utf-8")
        return into

    def _settings_path(self, name: str) -> pathlib.Path:
        return self.places.peers_dir / self.folder / name


def program(*candidates: pathlib.Path | str) -> str | None:
    """The first that can be run: a path, or a name to look up. Debian's servers are where only root's PATH goes."""
    for candidate in candidates:
        found = shutil.which(str(candidate)) or shutil.which(f"/usr/sbin/{candidate}")
        if found:
            return found
    return None


def first_line(*command: str) -> str:
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    lines = (ended.stdout + ended.stderr).strip().splitlines()
    if ended.returncode != 0 or not lines:
        raise ServerFailed(f"{command[0]} does not say its version")
    return lines[0]


def load_program(places: Places) -> pathlib.Path:
    return places.bin_dir / "leat_bench_load"


def load_unavailable(places: Places, broker: str) -> str | None:
    """The load knows some brokers only when their client library was there as it was built."""
    path = load_program(places)
    if not path.exists():
        return "leat_bench_load is not built"
    ended = subprocess.run([path, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60,
                           check=False)
    for line in ended.stdout.splitlines():
        if line.split()[:1] == [broker]:
            return "its client library was not there when leat_bench_load was built" if "(not built in)" in line else None
    return "leat_bench_load does not know it"
