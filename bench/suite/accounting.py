"""Processor time and memory as Linux counts them, of a tree of processes and of the whole machine.

Whoever measures on a shared machine has to know who else was at work: the time that belongs neither to the server, nor to the load,
nor to the kernel's own threads is foreign.
"""
from __future__ import annotations

import dataclasses
import os
import pathlib
import resource
import time
from collections.abc import Iterable

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PROC = pathlib.Path("/proc")
KTHREADD = 2


@dataclasses.dataclass(frozen=True)
class ProcessStat:
    """One /proc/PID/stat. The time includes children that have ended and were waited for."""

    pid: int
    parent: int
    cpu_ticks: int


def parse_process_stat(text: str) -> ProcessStat:
    # The name stands in parentheses and may contain anything, these included.
    pid, _, rest = text.partition(" (")
    fields = rest[rest.rindex(")") + 2:].split()
    return ProcessStat(int(pid), int(fields[1]), sum(int(field) for field in fields[11:15]))


@dataclasses.dataclass(frozen=True)
class MachineTicks:
    """The first line of /proc/stat: time at work, and time that the hypervisor gave to others. Interrupts are work too: what they take
    is also in the time of whichever process they interrupted."""

    busy: int
    stolen: int


def parse_machine_ticks(text: str) -> MachineTicks:
    name, *fields = text.splitlines()[0].split()
    if name != "cpu":
        raise ValueError("/proc/stat does not begin with cpu")
    user, nice, system, _idle, _iowait, irq, softirq, stolen = (int(field) for field in fields[:8])
    return MachineTicks(user + nice + system + irq + softirq, stolen)


def processes() -> dict[int, ProcessStat]:
    found = {}
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = parse_process_stat((entry / "stat").read_text(encoding="utf-8", errors="replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        found[stat.pid] = stat
    return found


def descendants(root: int, table: dict[int, ProcessStat]) -> list[int]:
    """The processes below root, without it."""
    children: dict[int, list[int]] = {}
    for stat in table.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    found, waiting = [], [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def ticks_between(begin: dict[int, int], end: dict[int, int]) -> int:
    """By process. Of those that are still there: what the others had in all their lives would be taken off again."""
    return sum(ticks - begin.get(pid, 0) for pid, ticks in end.items())


def peak_memory_bytes(pids: Iterable[int]) -> int:
    """The peak resident set of each since reset_peak_memory, summed."""
    return sum(_status_bytes(pid, "VmHWM") for pid in pids)


def resident_bytes(pids: Iterable[int]) -> int:
    return sum(_status_bytes(pid, "VmRSS") for pid in pids)


def _status_bytes(pid: int, key: str) -> int:
    try:
        text = (PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return parse_status_bytes(text, key)


def parse_status_bytes(text: str, key: str) -> int:
    for line in text.splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0


def reset_peak_memory(pids: Iterable[int]) -> None:
    """So that a peak is that of one workload. Where this is not allowed the peak is that of the server's whole life."""
    for pid in pids:
        try:
            (PROC / str(pid) / "clear_refs").write_text("5")
        except OSError:
            continue


@dataclasses.dataclass(frozen=True)
class Usage:
    """What an observed piece of work took, in seconds of processor time unless it says otherwise."""

    elapsed_s: float
    server_cpu_s: float
    load_cpu_s: float
    kernel_cpu_s: float
    foreign_cpu_s: float
    stolen_cpu_s: float
    peak_memory_bytes: int

    def foreign_share(self, cores: int) -> float:
        """How much of the machine others took, stolen time included. Clocks that tick may count a little less than nothing."""
        return max(0.0, self.foreign_cpu_s + self.stolen_cpu_s) / (self.elapsed_s * cores) if self.elapsed_s > 0 else 0.0


@dataclasses.dataclass(frozen=True)
class _Reading:
    at: float
    machine: MachineTicks
    server: int
    kernel: dict[int, int]
    own_cpu_s: float


class Meter:
    """Observes the tree below one process from its making until usage() is called."""

    def __init__(self, tree_root: int) -> None:
        self._root = tree_root
        reset_peak_memory(descendants(tree_root, processes()))
        self._begin, _ = self._read()

    def usage(self) -> Usage:
        end, pids = self._read()
        begin = self._begin
        server_s = (end.server - begin.server) / TICKS_PER_S
        kernel_s = ticks_between(begin.kernel, end.kernel) / TICKS_PER_S
        own_s = end.own_cpu_s - begin.own_cpu_s
        busy_s = (end.machine.busy - begin.machine.busy) / TICKS_PER_S
        return Usage(
            elapsed_s=end.at - begin.at,
            server_cpu_s=server_s,
            load_cpu_s=own_s,
            kernel_cpu_s=kernel_s,
            foreign_cpu_s=busy_s - server_s - kernel_s - own_s,
            stolen_cpu_s=(end.machine.stolen - begin.machine.stolen) / TICKS_PER_S,
            peak_memory_bytes=peak_memory_bytes(pids),
        )

    def _read(self) -> tuple[_Reading, list[int]]:
        table = processes()
        pids = descendants(self._root, table)
        server = sum(table[pid].cpu_ticks for pid in pids)
        kernel = {pid: table[pid].cpu_ticks for pid in descendants(KTHREADD, table)}
        machine = parse_machine_ticks((PROC / "stat").read_text(encoding="ascii"))
        return _Reading(time.monotonic(), machine, server, kernel, _own_cpu_s()), pids


def _own_cpu_s() -> float:
    """The suite's own time and that of the loads it has waited for."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total
