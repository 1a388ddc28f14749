"""Rounds: in each one every broker in every mode gets a fresh server, one after the other and in another order each time, so that a
slow quarter of an hour does not hit the same one in every round."""
from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence

from suite import guest_memory, measure
from suite.brokers import Broker, Mode, Session
from suite.load import LoadFailed, Options
from suite.measure import Sample, Sizes
from suite.progress import Progress
from suite.results import Contender, Results
from suite.server_process import ServerFailed
from suite.workloads import OWN_SERVER, Kind, Workload

WARMUP_RECORDS = 200_000
WARMUP_S = 3.0
# Few enough that a record is a request of its own, once the server keeps up.
COMPILING_RATE = 2_000.0
# What can go wrong with one measurement, and is no reason to do without the others.
FAILURES = (LoadFailed, ServerFailed, OSError, subprocess.TimeoutExpired)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A contender with what it is to be measured by."""

    contender: Contender
    broker: Broker
    mode: Mode
    workloads: tuple[Workload, ...]

    def due(self, round_number: int) -> list[Workload]:
        return [w for w in self.workloads if w.rounds_max is None or round_number <= w.rounds_max]


def entries(brokers: Sequence[Broker], workloads: Sequence[Workload]) -> list[Entry]:
    found = []
    for broker in brokers:
        for mode in broker.modes:
            chosen = tuple(w for w in workloads if broker.measures(w, mode) and broker.refusal(w) is None)
            contender = Contender(broker.name, mode.name, broker.title, mode.syncs, any(kind != Kind.FAN for kind in broker.kinds))
            if chosen:
                found.append(Entry(contender, broker, mode, chosen))
    return found


def refused(brokers: Sequence[Broker], workloads: Sequence[Workload]) -> list[dict[str, str]]:
    """What a broker can't be asked for, with its reason, as the JSON file has it."""
    return [{"workload": w.name, "broker": broker.name, "title": broker.title, "mode": mode.name, "reason": reason}
            for broker in brokers for mode in broker.modes for w in workloads
            if broker.measures(w, mode) and (reason := broker.refusal(w))]


class Runner:
    """Measures everything once a round into the results, and says after every step that there is more to write: whoever interrupts it
    loses one."""

    def __init__(self, results: Results, plan: Sequence[Entry], rounds: int, scratch: pathlib.Path, seed: int,
                 warmup_records: int = WARMUP_RECORDS) -> None:
        self._results = results
        self._plan = list(plan)
        self._rounds = rounds
        self._scratch = scratch
        self._random = random.Random(seed)
        self._warmup_records = warmup_records
        self._sizes = Sizes()
        self._after_step: Callable[[], None] = lambda: None
        self._progress = Progress(sum(len(entry.due(r)) for entry in plan for r in range(1, rounds + 1)))

    def run(self, after_step: Callable[[], None]) -> None:
        self._after_step = after_step
        for round_number in range(1, self._rounds + 1):
            self._random.shuffle(self._plan)
            order = ", ".join(entry.contender.label for entry in self._plan)
            self._progress.note(f"round {round_number} of {self._rounds}: {order}")
            for entry in self._plan:
                self._run_entry(round_number, entry)

    def _run_entry(self, round_number: int, entry: Entry) -> None:
        due = entry.due(round_number)
        shared = [w for w in due if w.kind not in OWN_SERVER]
        if shared:
            self._run_shared(round_number, entry, shared)
        for workload in due:
            if workload.kind in OWN_SERVER:
                self._step(round_number, entry, workload, lambda w=workload: self._run_alone(entry, w))

    def _run_shared(self, round_number: int, entry: Entry, workloads: Sequence[Workload]) -> None:
        done = 0
        try:
            with self._warm_session(entry) as session:
                for workload in workloads:
                    # A server that has ended fails every workload after the one that ended it: a new one is started instead.
                    self._step(round_number, entry, workload, lambda w=workload: measure.measure(session, w, self._sizes))
                    done += 1
                    if not session.server.is_running():
                        raise ServerFailed("the server ended while it was measured")
        except FAILURES as failure:
            rest = workloads[done:]
            self._progress.note(f"{entry.contender.label}: {failure}")
            if done:
                self._run_shared(round_number, entry, rest)
                return
            for workload in rest:
                self._results.fail(round_number, workload.name, entry.contender, str(failure))
            self._progress.skip(len(rest))
            self._after_step()

    def _run_alone(self, entry: Entry, workload: Workload) -> Sample:
        if workload.kind == Kind.RECOVERY:
            with self._directory() as directory:
                return measure.recovery(entry.broker, entry.mode, workload, directory)
        # Not warmed up: its memory is measured from nothing on.
        with self._directory() as directory, contextlib.closing(entry.broker.open(entry.mode, directory)) as session:
            return measure.measure(session, workload, self._sizes)

    def _step(self, round_number: int, entry: Entry, workload: Workload, work: Callable[[], Sample]) -> None:
        what = f"{entry.contender.label} {workload.name}"
        try:
            sample = work()
        except FAILURES as failure:
            self._results.fail(round_number, workload.name, entry.contender, str(failure))
            self._progress.step(what, f"failed: {failure}")
        else:
            self._results.add(round_number, workload.name, entry.contender, sample)
            self._progress.step(what, headline(sample))
        self._after_step()

    @contextlib.contextmanager
    def _warm_session(self, entry: Entry) -> Iterator[Session]:
        with self._directory() as directory, contextlib.closing(entry.broker.open(entry.mode, directory)) as session:
            self._warm_up(session)
            self._let_compile(session)
            yield session

    @contextlib.contextmanager
    def _directory(self) -> Iterator[pathlib.Path]:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="server-", dir=self._scratch))
        guest_memory.fill()  # what the server before had
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _warm_up(self, session: Session) -> None:
        """Caches, connections and just-in-time compilers, for all alike. What only fans out has nothing to publish to."""
        if Kind.PUBLISH not in session.broker.kinds:
            return
        try:
            session.load.create_topic(measure.TOPIC, 1)
            rate = measure.pilot_rate(session, Workload("warm-up", Kind.PUBLISH), self._warmup_records)
            records = max(1, min(self._warmup_records, int(rate * WARMUP_S)))
            session.load.create_topic(measure.TOPIC, 1)
            session.load.run("pub", measure.TOPIC, Options(records, 0, 1024))
            session.load.run("sub", measure.TOPIC, Options(records))
        except LoadFailed as failure:
            raise ServerFailed(f"warm-up: {failure}") from failure

    def _let_compile(self, session: Session) -> None:
        records = int(COMPILING_RATE * session.broker.compiling_s * self._warmup_records / WARMUP_RECORDS)
        if records == 0:
            return
        try:
            session.load.create_topic(measure.TOPIC, 1)
            session.load.run("e2e", measure.TOPIC, Options(records, 0, 1024, rate=COMPILING_RATE))
        except LoadFailed as failure:
            raise ServerFailed(f"warm-up: {failure}") from failure


def headline(sample: Sample) -> str:
    """The figure that a watcher wants to see."""
    values = sample.values
    parts = []
    for name, unit in (("recovery_s", "s"), ("deliveries_per_s", "deliveries/s"), ("records_per_s", "records/s"),
                       ("tail_latency_us_p50", "us p50 at the tail"), ("catch_up_records_per_s", "records/s caught up"),
                       ("latency_us_p50", "us p50"), ("latency_us_p99", "us p99"), ("ack_us_p50", "us ack p50")):
        if name in values and not (name == "records_per_s" and "deliveries_per_s" in values):
            parts.append(f"{values[name]:,.3f} {unit}" if values[name] < 10 else f"{values[name]:,.0f} {unit}")
    return ", ".join(parts) + (f" ({sample.note})" if sample.note else "")
