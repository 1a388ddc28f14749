"""Puts load on a broker by a program that prints one JSON object: `leat bench` for leat, `leat_bench_load` for the others."""
from __future__ import annotations

import dataclasses
import json
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

Figures = Mapping[str, object]
# How often the server of a load at work is looked after.
LOOK_S = 0.5


class LoadFailed(RuntimeError):
    """The program failed, did not end in time, or printed something else; the text is its last line."""


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of `leat bench` that the suite uses; None is left to the program's default."""

    records: int | None = None
    warmup: int | None = None
    size: int | None = None
    producers: int | None = None
    in_flight: int | None = None
    rate: float | None = None
    subscribers: int | None = None
    seconds: float | None = None
    linger_ms: float | None = None
    spread: bool = False

    def arguments(self) -> list[str]:
        found: list[str] = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            flag = "--" + field.name.replace("_", "-")
            if isinstance(value, bool):
                found += [flag] if value else []
            elif value is not None:
                found += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
        return found


class RunningLoad:
    """A load at work. Whoever started it waits for it or stops it. Without its server it would wait for long."""

    def __init__(self, command: Sequence[str], is_served: Callable[[], bool] = lambda: True) -> None:
        self._command = command
        self._is_served = is_served
        # In a session of its own, so that Ctrl-C reaches the suite alone, which then stops everything in order.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                         errors="replace", start_new_session=True)

    def figures(self, timeout_s: float) -> Figures:
        try:
            output, errors = self._communicate(timeout_s)
        except BaseException:
            self.stop()
            raise
        if self._process.returncode != 0:
            lines = errors.strip().splitlines() or [f"exit code {self._process.returncode}"]
            raise LoadFailed(lines[-1])
        try:
            return json.loads(output)
        except json.JSONDecodeError:
            raise LoadFailed(f"{pathlib.Path(self._command[0]).name} printed no JSON: {output[:200]!r}") from None

    def _communicate(self, timeout_s: float) -> tuple[str, str]:
        deadline = time.monotonic() + timeout_s
        while True:
            was_served = self._is_served()
            try:
                return self._process.communicate(timeout=min(LOOK_S, max(0.0, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                # It had a moment to say itself what it misses.
                if not was_served:
                    raise LoadFailed("the server ended") from None
                if time.monotonic() >= deadline:
                    raise LoadFailed(f"did not end within {timeout_s:.0f} s") from None

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.communicate(timeout=5)
                return
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.communicate()


class Load:
    """The commands for one running broker. Subclasses say how the two programs differ."""

    is_served: Callable[[], bool] = staticmethod(lambda: True)

    def start(self, kind: str, topic: str, options: Options, transport: str = "tcp") -> RunningLoad:
        return RunningLoad(self.command(kind, topic, options, transport), self.is_served)

    def run(self, kind: str, topic: str, options: Options, transport: str = "tcp", timeout_s: float = 120) -> Figures:
        return self.start(kind, topic, options, transport).figures(timeout_s)

    def create_topic(self, topic: str, partitions: int) -> None:
        """Deletes the topic if there is one, and makes it anew."""
        raise NotImplementedError

    def command(self, kind: str, topic: str, options: Options, transport: str) -> list[str]:
        raise NotImplementedError


class LeatLoad(Load):
    def __init__(self, leat: pathlib.Path, native_port: int, http_port: int, durability: str, ack: str) -> None:
        self._leat = str(leat)
        self._urls = {"tcp": f"leat://127.0.0.1:{native_port}", "ws": f"ws://127.0.0.1:{http_port}"}
        self._durability = durability
        self._ack = ack

    def create_topic(self, topic: str, partitions: int) -> None:
        names = {json.loads(line)["name"] for line in self._tool("topic", "list").splitlines()}
        if topic in names:
            self._tool("topic", "delete", topic)
        self._tool("topic", "create", topic, "--partitions", str(partitions), "-c", f"durability={self._durability}")

    def end_offsets(self, topic: str) -> int:
        """Records below the high watermarks. Answered only by a daemon that has recovered."""
        described = json.loads(self._tool("topic", "describe", topic))
        return sum(partition["high_watermark"] for partition in described["partitions"])

    def command(self, kind: str, topic: str, options: Options, transport: str) -> list[str]:
        ack = [] if kind == "sub" else ["--ack", self._ack]
        return [self._leat, "--server", self._urls[transport], "-o", "json", "bench", kind, topic, *options.arguments(), *ack]

    def _tool(self, *arguments: str) -> str:
        ended = subprocess.run([self._leat, "--server", self._urls["tcp"], "-o", "json", *arguments], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, errors="replace", timeout=60, check=False)
        if ended.returncode != 0:
            raise LoadFailed((ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1])
        return ended.stdout


class PeerLoad(Load):
    def __init__(self, program: pathlib.Path, broker: str, port: int) -> None:
        self._program = str(program)
        self._broker = broker
        self._port = port

    def create_topic(self, topic: str, partitions: int) -> None:
        RunningLoad([self._program, self._broker, "create", topic, "--server", f"127.0.0.1:{self._port}", "--partitions",
                     str(partitions)]).figures(60)

    def command(self, kind: str, topic: str, options: Options, transport: str) -> list[str]:
        return [self._program, self._broker, kind, topic, "--server", f"127.0.0.1:{self._port}", *options.arguments()]
