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


class BytesToFill(unittest.TestCase):
    def test_all_that_is_free_but_a_gibibyte(self):
        self.assertEqual(guest_memory.bytes_to_fill(meminfo(20 * GIB)), 19 * GIB)
        self.assertEqual(guest_memory.bytes_to_fill(meminfo(GIB // 2)), 0)

    def test_a_kernel_that_does_not_say_gets_none(self):
        self.assertEqual(guest_memory.bytes_to_fill(""), 0)


class FillerOfFiles(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def fill(self, filler, free_bytes):
        with mock.patch.object(pathlib.Path, "read_text", return_value=meminfo(free_bytes)):
            return filler.fill()

    def test_reads_what_was_not_read_before_and_takes_no_disk(self):
        filler = guest_memory.Filler(self.directory)
        self.addCleanup(filler.close)
        with mock.patch("os.preadv", wraps=os.preadv) as reads:
            self.assertEqual(self.fill(filler, GIB + 2 * MIB), 2 * MIB)
            self.assertEqual(self.fill(filler, GIB + MIB), MIB)
        self.assertEqual([call.args[2] for call in reads.call_args_list], [0, MIB, 2 * MIB])
        self.assertEqual(os.fstat(reads.call_args.args[0]).st_blocks, 0)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_outside_of_kept_full_nothing_is_filled(self):
        with mock.patch.object(guest_memory.Filler, "fill") as filled:
            guest_memory.fill()
            self.assertEqual(filled.call_count, 0)
            with guest_memory.kept_full(self.directory):
                guest_memory.fill()
            guest_memory.fill()
        self.assertEqual(filled.call_count, 2)

    def test_where_no_such_file_can_be_the_work_is_done_all_the_same(self):
        with guest_memory.kept_full(self.directory / "missing"):
            guest_memory.fill()


if __name__ == "__main__":
    unittest.main()
