"""The whole suite once, tiny, with the leatd and leat of this build: that it works, and nothing about how fast."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from suite.cli import ROOT

# One of each kind, as small as --quick makes them.
WORKLOADS = ("publish/size:65536/producers:4/partitions:16", "publish/size:1024/producers:1/partitions:16/spread", "ack", "e2e/rate:1000",
             "catch-up/size:65536/files:cold", "fan/transport:ws/subscribers:1/deliveries_per_s:20000", "connections/10")


class Suite(unittest.TestCase):
    def run_suite(self, *arguments):
        return subprocess.run([sys.executable, "-B", "-m", "suite", *arguments], env={**os.environ, "PYTHONPATH": str(ROOT / "bench")},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def test_leat_is_measured(self):
        with tempfile.TemporaryDirectory() as directory:
            ended = self.run_suite("load", "--quick", "--runs", "1", "--out", directory, "--workloads", *WORKLOADS)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            out = pathlib.Path(directory)
            document = json.loads((out / "load.json").read_text(encoding="utf-8"))
            failures = [m for m in document["measurements"] if m["failures"] or len(m["samples"]) != 1]
            self.assertEqual(failures, [], ended.stderr)
            # Everything in both modes, old records in one.
            self.assertEqual(len(document["measurements"]), 2 * len(WORKLOADS) - 1)
            self.assertTrue(document["is_complete"])
            self.assertIn("## Publish: records/s", (out / "load.md").read_text(encoding="utf-8"))
            self.assertEqual(sorted(path.name for path in out.iterdir()), ["load.json", "load.md"])

    def test_what_there_is_not_is_a_usage_error(self):
        for arguments in (("load", "--workloads", "publsh"), ("peers", "--brokers", "rocketmq"), ("load", "--out", "/proc/nope"), ("load", "--data", "")):
            ended = self.run_suite(*arguments)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""))
            self.assertIn(arguments[-1], ended.stderr)

    def test_the_workloads_are_listed(self):
        ended = self.run_suite("load", "--list", "--workloads", "e2e")
        self.assertEqual(ended.stdout, "e2e/rate:1000\ne2e/rate:10000\ne2e/rate:50000\n")


if __name__ == "__main__":
    unittest.main()
