"""Keeps free memory in the page cache, filled with nothing, as the memory of a machine that has been up for long is filled with
something. On a virtual machine a free page may have nothing behind it: it was never used, or was given back (Linux reports free pages to
a host that asks for them within two seconds), and its next use costs a fault there. Whoever comes first would pay for all others, and
what reads cold files for every page. Holes of a file fill pages without a disk, and are the first to go when memory is wanted."""
from __future__ import annotations

import contextlib
import mmap
import os
import pathlib
import re
import tempfile
import time
from collections.abc import Iterator

LEFT_BYTES = 1 << 30
HOLE_BYTES = 1 << 40
STEP_BYTES = 1 << 20
PATIENCE_S = 120.0


def free_bytes(meminfo: str) -> int:
    """What is used next, and perhaps not backed. What caches hold is."""
    found = re.search(r"^MemFree:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def bytes_to_fill(meminfo: str) -> int:
    return max(0, free_bytes(meminfo) - LEFT_BYTES)


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
        """The bytes that it read; fewer than are free when that takes too long."""
        wanted = bytes_to_fill(pathlib.Path("/proc/meminfo").read_text(encoding="ascii"))
        give_up = time.monotonic() + PATIENCE_S
        filled = 0
        while filled < wanted and time.monotonic() < give_up:
            filled += os.preadv(self._file.fileno(), [self._step], self._position)
            # What was read before may still be in the cache, and would fill nothing.
            self._position = (self._position + STEP_BYTES) % HOLE_BYTES
        return filled

    def close(self) -> None:
        self._file.close()
        self._step.close()


_filler: Filler | None = None


@contextlib.contextmanager
def kept_full(directory: pathlib.Path) -> Iterator[None]:
    """Within it fill() fills, through a file in that directory. Best effort: without it figures are worse, and none is wrong."""
    global _filler  # as the machine has one memory
    try:
        _filler = Filler(directory)
    except OSError:
        yield
        return
    try:
        fill()
        yield
    finally:
        _filler.close()
        _filler = None


def fill() -> None:
    if _filler is not None:
        _filler.fill()
