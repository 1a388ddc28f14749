import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from suite import accounting, cold_files, machine
from suite.accounting import MachineTicks, Meter, ProcessStat, parse_machine_ticks, parse_process_stat, parse_status_bytes, ticks_between

FIELDS = "S 41 41 41 0 -1 4194560 100 0 0 0 7 5 2 1 20 0 3 0 1234 1000 200 18446744073709551615"


class Parsing(unittest.TestCase):
    def test_a_process_counts_its_own_time_and_that_of_children_it_waited_for(self):
        self.assertEqual(parse_process_stat(f"42 (leatd) {FIELDS}"), ProcessStat(42, 41, 15))

    def test_names_may_contain_what_they_are_enclosed_by(self):
        self.assertEqual(parse_process_stat(f"42 (a) S 9 (b) {FIELDS}"), ProcessStat(42, 41, 15))

    def test_the_machine_is_busy_in_processes_and_interrupts_and_not_while_it_waits(self):
        self.assertEqual(parse_machine_ticks("cpu  100 20 30 4000 500 6 7 8 0 0\ncpu0 1 2 3\n"), MachineTicks(163, 8))

    def test_another_file_is_refused(self):
        with self.assertRaises(ValueError):
            parse_machine_ticks("intr 1 2 3")

    def test_memory_is_in_kibibytes(self):
        self.assertEqual(parse_status_bytes("Name:\tx\nVmHWM:\t  2048 kB\n", "VmHWM"), 2048 * 1024)
        self.assertEqual(parse_status_bytes("Name:\tkthreadd\n", "VmHWM"), 0)

    def test_descendants_are_children_of_children_too(self):
        table = {pid: ProcessStat(pid, parent, 0) for pid, parent in ((1, 0), (5, 1), (6, 5), (7, 6), (8, 1))}
        self.assertEqual(sorted(accounting.descendants(5, table)), [6, 7])

    def test_a_thread_that_has_ended_takes_nothing_off_the_others(self):
        self.assertEqual(ticks_between({6: 900, 7: 10}, {7: 15, 8: 3}), 8)


class Measuring(unittest.TestCase):
    def test_a_child_that_works_is_counted(self):
        meter = Meter(os.getpid())
        # Until its own clock says so: how long that takes does not matter.
        code = "import time\nwhile time.process_time() < 0.1: pass\nprint(flush=True)\ninput()"
        with subprocess.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            usage = meter.usage()
            child.communicate(b"\n")
        self.assertGreaterEqual(usage.server_cpu_s, 0.05)
        self.assertGreater(usage.peak_memory_bytes, 1_000_000)
        self.assertGreater(usage.elapsed_s, 0)


class Files(unittest.TestCase):
    def test_size_counts_what_is_on_disk(self):
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "data").write_bytes(bytes(100_000))
            with (pathlib.Path(directory) / "hole").open("wb") as hole:
                hole.truncate(1 << 30)
            os.sync()
            self.assertLess(cold_files.size_bytes(pathlib.Path(directory)), 1_000_000)

    def test_what_was_just_written_is_warm(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "data"
            path.write_bytes(os.urandom(100_000))
            self.assertEqual(cold_files.resident_share([path]), 1.0)
            self.assertEqual(cold_files.resident_share([]), 0.0)


class Machine(unittest.TestCase):
    def test_the_mount_is_the_nearest_one_above(self):
        mounts = ("22 1 254:1 / / rw,relatime - ext4 /dev/vda rw,discard\n"
                  "30 22 0:30 / /usr rw - tmpfs tmpfs rw,size=1k\n")
        self.assertEqual(machine.mount_of(pathlib.Path("/usr/lib"), mounts), {"type": "tmpfs", "options": "rw,size=1k"})
        self.assertEqual(machine.mount_of(pathlib.Path("/var"), mounts), {"type": "ext4", "options": "rw,relatime,discard"})

    def test_the_processor_has_a_name_wherever_it_is_told(self):
        self.assertEqual(machine.cpu_model("processor\t: 0\nmodel name\t: Some CPU\n"), "Some CPU")


if __name__ == "__main__":
    unittest.main()
