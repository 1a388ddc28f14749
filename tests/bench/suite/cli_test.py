"""However a run of hours ends, what it measured is written."""
import argparse
import contextlib
import io
import json
import pathlib
import signal
import tempfile
import unittest
from unittest import mock

import samples
from suite import cli
from suite.measure import Sample

WORKLOAD = "publish/size:100/producers:1/partitions:1"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.out = pathlib.Path(directory.name)
        for number in SIGNALS:
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.results = samples.results({WORKLOAD: "publish"}, {})
        self.results.document["is_complete"] = False

    def measure(self, ending):
        """A run that measures once and then ends so; what it printed."""

        def run(_runner, _after_round):
            self.results.add(1, WORKLOAD, samples.DURABLE, Sample({"records_per_s": 7.0}))
            if ending is not None:
                raise ending

        options = argparse.Namespace(verb="load", out=self.out, quick=True, runs=1)
        printed = io.StringIO()
        with mock.patch.object(cli.Runner, "run", run), contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
            self.status = cli._measure(options, self.results, [], 0, self.out)
        return printed.getvalue()

    def written(self, directory):
        document = json.loads((directory / "load.json").read_text(encoding="utf-8"))
        self.assertEqual(document["measurements"][0]["summary"]["records_per_s"]["median"], 7.0)
        return document

    def test_a_run_that_came_to_its_end(self):
        self.measure(None)
        self.assertEqual(self.status, 0)
        self.assertTrue(self.written(self.out)["is_complete"])
        self.assertEqual(sorted(path.name for path in self.out.iterdir()), ["load.json", "load.md"])

    def test_one_that_was_interrupted(self):
        self.measure(KeyboardInterrupt())
        self.assertEqual(self.status, cli.EXIT_INTERRUPTED)
        self.assertFalse(self.written(self.out)["is_complete"])
        self.assertTrue((self.out / "load.md").exists())

    def test_one_that_failed_as_nobody_thought_of(self):
        with self.assertRaises(ZeroDivisionError):
            self.measure(ZeroDivisionError())
        self.assertFalse(self.written(self.out)["is_complete"])
        self.assertEqual([path.name for path in self.out.iterdir()], ["load.json"])

    def test_a_disk_that_takes_no_results(self):
        (self.out / "load.json").mkdir()  # nothing can be put in its place
        printed = self.measure(None)
        elsewhere = pathlib.Path(printed.split("the results go to ")[1].splitlines()[0]).parent
        self.addCleanup(lambda: [path.unlink() for path in elsewhere.iterdir()] and elsewhere.rmdir())
        self.assertTrue(self.written(elsewhere)["is_complete"])
        self.assertTrue((elsewhere / "load.md").exists())


if __name__ == "__main__":
    unittest.main()
