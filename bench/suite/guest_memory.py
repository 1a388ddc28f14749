"""Keeps free memory in the page cache, filled with nothing, as the memory of a machine that has been up for long is filled with
something. On a virtual machine a free page may have nothing behind it: it was never used, or was given back (Linux reports free pages to
a host that asks for them within two seconds), and its next use costs a fault there. Whoever comes first would pay for all others, and
what reads cold files for every page. Holes of a file fill pages without a disk, clean ones, which the kernel takes back at no cost."""
from __future__ import annotations

import contextlib
import mmap
import os
import pathlib
import re
import tempfile
from collections.abc import Iterator

LEFT_BYTES = 1 << 30
HOLE_BYTES = 1 << 40
STEP_BYTES = 1 << 20
SLICE_BYTES = 256 << 20
# A slice that fills less than this is not what uses the memory: it is kept free, was freed meanwhile, or holes fill no pages here.
SLICE_SHARE = 0.25
IDLE_SLICES_MAX = 2


def free_bytes(meminfo: str) -> int:
    """What is used next, and perhaps not backed. What caches hold is."""
    found = re.search(r"^MemFree:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def is_guest(cpuinfo: str) -> bool:
    """As x86 processors tell; a machine of its own has all its memory."""
    return re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE) is not None


def free_now() -> int:
    return free_bytes(pathlib.Path("/proc/meminfo").read_text(encoding="ascii"))


class Filler:
    """Owns the file, which has no name and takes no room on the disk."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._file = tempfile.TemporaryFile(dir=directory)
        try:
            os.ftruncate(self._file.fileno(), HOLE_BYTES)
        except OSError:
            self._file.close()
            raise
        self._step = mmap.mmap(-1, STEP_BYTES)
        self._position = 0

    def fill(self) -> int:
        """Until no more than LEFT_BYTES are free, or reading makes no more of it. By how much less is free then."""
        before = free = free_now()
        idle_slices = 0
        while free > LEFT_BYTES and idle_slices < IDLE_SLICES_MAX:
            self._read(min(SLICE_BYTES, free - LEFT_BYTES))
            was, free = free, free_now()
            idle_slices = idle_slices + 1 if was - free < SLICE_SHARE * SLICE_BYTES else 0
        return max(0, before - free)

    def _read(self, count: int) -> None:
        for _ in range(0, count, STEP_BYTES):
            os.preadv(self._file.fileno(), [self._step], self._position)
            # What was read before may still be in the cache, and would fill nothing.
            self._position = (self._position + STEP_BYTES) % HOLE_BYTES

    def close(self) -> None:
        self._file.close()
        self._step.close()


_filler: Filler | None = None


@contextlib.contextmanager
def kept_full(directory: pathlib.Path) -> Iterator[int]:
    """Within it fill() fills, through a file in that directory; gives what it did at first. Best effort: without it figures are worse,
    and none is wrong."""
    global _filler  # as the machine has one memory
    with contextlib.suppress(OSError):
        _filler = Filler(directory)
    try:
        yield fill()
    finally:
        if _filler is not None:
            _filler.close()
        _filler = None


def fill() -> int:
    if _filler is None:
        return 0
    try:
        return _filler.fill()
    except OSError:
        return 0
