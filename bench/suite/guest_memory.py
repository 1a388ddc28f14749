"""Has the memory that a measurement is about to fill backed by the machine below. On a virtual machine a page that the guest never used,
or that it gave back, costs a fault there at its first use: whoever comes first would pay for all who come later. In a process of its
own: `python3 -S guest_memory.py BYTES`."""
from __future__ import annotations

import mmap
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable

BYTES_MAX = 4 << 30
LEFT_BYTES = 2 << 30
TIMEOUT_S = 60


def free_bytes(meminfo: str) -> int:
    """What is used next. What caches hold is backed already, and warm files must stay warm."""
    found = re.search(r"^MemFree:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def bytes_to_touch(meminfo: str) -> int:
    """Never so much that something is evicted for it."""
    return min(BYTES_MAX, free_bytes(meminfo) // 2)


def bytes_to_touch_at_start(meminfo: str) -> int:
    """What was touched is not always what is used next, so that nothing may be left that never was."""
    return max(0, free_bytes(meminfo) - LEFT_BYTES)


def touch(how_much: Callable[[str], int] = bytes_to_touch) -> None:
    """Best effort: without it figures are worse, and none is wrong."""
    size = how_much(pathlib.Path("/proc/meminfo").read_text(encoding="ascii"))
    if size < mmap.PAGESIZE:
        return
    try:
        subprocess.run([sys.executable, "-S", __file__, str(size)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return


if __name__ == "__main__":
    mmap.mmap(-1, int(sys.argv[1]), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()
