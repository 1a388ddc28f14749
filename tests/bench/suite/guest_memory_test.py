import unittest

from suite import guest_memory

GIB = 1 << 30


def meminfo(free_bytes):
    return f"MemTotal:       24684160 kB\nMemFree:        {free_bytes // 1024} kB\nMemAvailable:   23957504 kB\n"


class BytesToTouch(unittest.TestCase):
    def test_half_of_what_is_free_so_that_nothing_is_evicted(self):
        self.assertEqual(guest_memory.bytes_to_touch(meminfo(2 * GIB)), GIB)

    def test_four_gibibytes_are_enough(self):
        self.assertEqual(guest_memory.bytes_to_touch(meminfo(64 * GIB)), 4 * GIB)

    def test_at_the_start_all_but_two_gibibytes(self):
        self.assertEqual(guest_memory.bytes_to_touch_at_start(meminfo(20 * GIB)), 18 * GIB)
        self.assertEqual(guest_memory.bytes_to_touch_at_start(meminfo(GIB)), 0)

    def test_a_kernel_that_does_not_say_gets_none(self):
        self.assertEqual(guest_memory.bytes_to_touch(""), 0)


if __name__ == "__main__":
    unittest.main()
