"""Turns files cold: written out and dropped from the page cache, and how much of them is left in it all the same."""
from __future__ import annotations

import ctypes
import mmap
import os
import pathlib
from collections.abc import Iterable

PAGE_BYTES = mmap.PAGESIZE
_PROT_READ, _MAP_SHARED = 1, 1


def data_files(directory: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]


def size_bytes(directory: pathlib.Path) -> int:
    """Bytes on disk: a file with holes counts what it has."""
    total = 0
    for path in data_files(directory):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def drop_from_cache(directory: pathlib.Path) -> None:
    """What a server has mapped stays all the same."""
    os.sync()
    for path in data_files(directory):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def resident_share(files: Iterable[pathlib.Path]) -> float:
    """The share of their pages that is in the page cache."""
    resident = pages = 0
    for path in files:
        found = _resident_pages(path)
        resident += found[0]
        pages += found[1]
    return resident / pages if pages else 0.0


def _resident_pages(path: pathlib.Path) -> tuple[int, int]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return 0, 0
    try:
        size = os.fstat(descriptor).st_size
        if size == 0:
            return 0, 0
        address = libc.mmap(None, size, _PROT_READ, _MAP_SHARED, descriptor, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            return 0, 0
        try:
            pages = -(-size // PAGE_BYTES)
            flags = ctypes.create_string_buffer(pages)
            if libc.mincore(address, size, flags) != 0:
                return 0, 0
            return sum(flag & 1 for flag in flags.raw), pages
        finally:
            libc.munmap(address, size)
    finally:
        os.close(descriptor)
