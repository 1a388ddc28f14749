import os
import pathlib
import tempfile
import unittest
from unittest import mock

from suite import guest_memory

GIB = 1 << 30
MIB = 1 << 20


def meminfo(free_bytes):
    return f"MemTotal:       24684160 kB\nMemFree:        {free_bytes // 1024} kB\nMemAvailable:   23957504 kB\n"


class WhatTheKernelSays(unittest.TestCase):
    def test_free_is_what_is_used_by_nothing(self):
        self.assertEqual(guest_memory.free_bytes(meminfo(20 * GIB)), 20 * GIB)
        self.assertEqual(guest_memory.free_bytes(""), 0)

    def test_a_processor_tells_that_it_is_a_guest(self):
        self.assertTrue(guest_memory.is_guest("processor\t: 0\nflags\t\t: fpu sse2 hypervisor avx\n"))
        self.assertFalse(guest_memory.is_guest("processor\t: 0\nflags\t\t: fpu sse2 avx\nmodel name : hypervisor\n"))


class FillerOfFiles(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def filler(self):
        filler = guest_memory.Filler(self.directory)
        self.addCleanup(filler.close)
        return filler

    def fill(self, filler, free_bytes, taken_of=1.0):
        """On a machine on which a byte read takes so much of what is free. Returns what fill() says, and the positions."""
        free = [float(free_bytes)]
        positions = []

        def read(file, buffers, position):
            positions.append(position)
            free[0] -= sum(map(len, buffers)) * taken_of
            return os.pread(file, 1, position) and len(buffers[0])

        with mock.patch("os.preadv", read), mock.patch.object(guest_memory, "free_now", lambda: int(free[0])):
            return filler.fill(), positions

    def test_fills_all_that_is_free_but_a_gibibyte(self):
        filled, positions = self.fill(self.filler(), 3 * GIB)
        self.assertEqual(filled, 2 * GIB)
        self.assertEqual(positions, list(range(0, 2 * GIB, MIB)))

    def test_nothing_when_less_is_free(self):
        self.assertEqual(self.fill(self.filler(), GIB), (0, []))

    def test_never_reads_a_hole_twice(self):
        filler = self.filler()
        self.fill(filler, GIB + 2 * MIB)
        self.assertEqual(self.fill(filler, GIB + MIB)[1], [2 * MIB])

    def test_gives_up_where_holes_fill_no_pages(self):
        filled, positions = self.fill(self.filler(), 256 * GIB, taken_of=0.0)
        self.assertEqual(filled, 0)
        self.assertEqual(len(positions) * MIB, guest_memory.IDLE_SLICES_MAX * guest_memory.SLICE_BYTES)

    def test_gives_up_where_memory_is_freed_for_it(self):
        _, positions = self.fill(self.filler(), 256 * GIB, taken_of=-0.5)
        self.assertEqual(len(positions) * MIB, guest_memory.IDLE_SLICES_MAX * guest_memory.SLICE_BYTES)

    def test_what_it_reads_is_in_the_page_cache_and_takes_neither_disk_nor_name(self):
        filler = self.filler()
        with mock.patch.object(guest_memory, "free_now", side_effect=[GIB + 4 * MIB, GIB]), mock.patch("os.preadv", wraps=os.preadv) as reads:
            self.assertEqual(filler.fill(), 4 * MIB)
        file = reads.call_args.args[0]
        self.assertEqual(os.preadv(file, [bytearray(4 * MIB)], 0, os.RWF_NOWAIT), 4 * MIB)
        self.assertEqual(os.fstat(file).st_blocks, 0)
        self.assertEqual(list(self.directory.iterdir()), [])


class KeptFull(unittest.TestCase):
    def test_fills_at_once_and_when_asked_within(self):
        with tempfile.TemporaryDirectory() as directory, mock.patch.object(guest_memory.Filler, "fill", return_value=7) as fills:
            self.assertEqual(guest_memory.fill(), 0)
            with guest_memory.kept_full(pathlib.Path(directory)) as filled:
                self.assertEqual(filled, 7)
                self.assertEqual(guest_memory.fill(), 7)
            self.assertEqual(guest_memory.fill(), 0)
        self.assertEqual(fills.call_count, 2)

    def test_where_no_such_file_can_be_the_work_is_done_all_the_same(self):
        with guest_memory.kept_full(pathlib.Path("/nowhere")) as filled:
            self.assertEqual((filled, guest_memory.fill()), (0, 0))

    def test_a_disk_that_fails_ends_nothing(self):
        with tempfile.TemporaryDirectory() as directory, mock.patch.object(guest_memory.Filler, "fill", side_effect=OSError):
            with guest_memory.kept_full(pathlib.Path(directory)) as filled:
                self.assertEqual((filled, guest_memory.fill()), (0, 0))


if __name__ == "__main__":
    unittest.main()
