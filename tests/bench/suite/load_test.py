import sys
import unittest

from suite.load import LoadFailed, RunningLoad

FOREVER = [sys.executable, "-S", "-c", "import time; time.sleep(1000)"]


class Running(unittest.TestCase):
    def start(self, command, **options):
        load = RunningLoad(command, **options)
        self.addCleanup(load.stop)
        return load

    def test_its_figures_are_what_it_prints(self):
        load = self.start([sys.executable, "-S", "-c", "print('{\"records\": 7}')"])
        self.assertEqual(load.figures(60), {"records": 7})

    def test_a_failure_is_its_last_line(self):
        load = self.start([sys.executable, "-S", "-c", "import sys; sys.exit('first\\nlast')"])
        with self.assertRaisesRegex(LoadFailed, "^last$"):
            load.figures(60)

    def test_it_is_stopped_when_its_time_is_over(self):
        load = self.start(FOREVER)
        with self.assertRaisesRegex(LoadFailed, "did not end"):
            load.figures(0.01)
        self.assertFalse(load.is_running())

    def test_it_is_stopped_when_its_server_has_ended(self):
        served = iter([True, True])
        load = self.start(FOREVER, is_served=lambda: next(served, False))
        with self.assertRaisesRegex(LoadFailed, "the server ended"):
            load.figures(1000)
        self.assertFalse(load.is_running())


if __name__ == "__main__":
    unittest.main()
