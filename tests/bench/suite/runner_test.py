"""What goes wrong with one measurement leaves the others to be made."""
import contextlib
import io
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

import samples
from suite import measure
from suite.load import LoadFailed
from suite.measure import Sample
from suite.results import Results
from suite.runner import Entry, Runner
from suite.server_process import ServerFailed
from suite.workloads import Kind, Workload

FIRST, SECOND, ONCE = (Workload("first", Kind.E2E), Workload("second", Kind.E2E), Workload("once", Kind.E2E, rounds_max=1))


class Server:
    def __init__(self):
        self.is_alive = True

    def is_running(self):
        return self.is_alive


class Session:
    def __init__(self, broker):
        self.broker = broker
        self.server = Server()

    def close(self):
        self.server.is_alive = False


class Broker:
    """Keeps nothing and needs no warm-up; its first starts may fail."""

    kinds = frozenset()
    compiling_s = 0.0

    def __init__(self, *failures):
        self._failures = list(failures)
        self.sessions = []

    def open(self, mode, directory):
        assert list(directory.iterdir()) == []
        (directory / "data").write_text("something")
        if self._failures:
            raise self._failures.pop(0)
        self.sessions.append(Session(self))
        return self.sessions[-1]


class Running(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.scratch = pathlib.Path(directory.name)
        self.steps = []

    def run_all(self, measured, *entries, rounds=1):
        """What came of it, as (workload, contender's broker): samples, failures."""
        names = {workload.name: "e2e" for _, _, workloads in entries for workload in workloads}
        results = Results.begin(samples.header(names), samples.EVERYONE)
        plan = [Entry(contender, broker, None, workloads) for contender, broker, workloads in entries]
        runner = Runner(results, plan, rounds, self.scratch, seed=1)
        with mock.patch.object(measure, "measure", measured), contextlib.redirect_stderr(io.StringIO()) as self.printed:
            runner.run(lambda: self.steps.append(len(results.document["measurements"])))
        self.assertEqual(list(self.scratch.iterdir()), [])
        return {(m["workload"], m["broker"]): (len(m["samples"]), [f["reason"] for f in m["failures"]])
                for m in results.document["measurements"]}

    def test_everything_is_measured_once_a_round_and_may_be_written_after_each_step(self):
        broker = Broker()
        found = self.run_all(lambda *_: Sample({"x": 1.0}), (samples.DURABLE, broker, (FIRST, ONCE)), rounds=2)
        self.assertEqual(found, {("first", "leat"): (2, []), ("once", "leat"): (1, [])})
        self.assertEqual(len(self.steps), 3)
        self.assertEqual(len(broker.sessions), 2)

    def test_a_measurement_that_fails_is_one_that_is_missing(self):
        for failure in (LoadFailed("no"), OSError("no"), subprocess.TimeoutExpired("no", 1)):
            def measured(_session, workload, _sizes, failure=failure):
                if workload == FIRST:
                    raise failure
                return Sample({"x": 1.0})

            found = self.run_all(measured, (samples.DURABLE, Broker(), (FIRST, SECOND)))
            self.assertEqual(found, {("first", "leat"): (0, [str(failure)]), ("second", "leat"): (1, [])})

    def test_a_server_that_has_ended_is_started_anew(self):
        broker = Broker()

        def measured(session, workload, _sizes):
            if workload == FIRST:
                session.server.is_alive = False
                raise LoadFailed("the server ended")
            return Sample({"x": 1.0})

        found = self.run_all(measured, (samples.DURABLE, broker, (FIRST, SECOND)))
        self.assertEqual(found, {("first", "leat"): (0, ["the server ended"]), ("second", "leat"): (1, [])})
        self.assertEqual(len(broker.sessions), 2)

    def test_a_server_that_does_not_start_takes_its_workloads_with_it_and_no_others(self):
        for failure in (ServerFailed("no room"), OSError(28, "no room"), subprocess.TimeoutExpired("format", 60)):
            self.steps.clear()
            found = self.run_all(lambda *_: Sample({"x": 1.0}), (samples.LAZY, Broker(failure), (FIRST, SECOND)),
                                 (samples.DURABLE, Broker(), (FIRST,)))
            self.assertEqual(found, {("first", "redis"): (0, [str(failure)]), ("second", "redis"): (0, [str(failure)]),
                                     ("first", "leat"): (1, [])})
            self.assertEqual(len(self.steps), 2)


if __name__ == "__main__":
    unittest.main()
