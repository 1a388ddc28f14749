"""How each kind of workload is put on a running broker, once. Nothing here repeats, compares or writes."""
from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from suite import cold_files, guest_memory
from suite.accounting import Meter, Usage, resident_bytes
from suite.brokers import Session
from suite.brokers.broker import Broker, Mode
from suite.load import LOOK_S, Figures, LeatLoad, LoadFailed, Options
from suite.server_process import port_accepts
from suite.workloads import Kind, Workload

TOPIC, PAST, TAIL = "load", "past", "tail"
TARGET_S = 3.0
PREFILL_S = 10.0
PILOT_ENOUGH_S = 0.5
# A producer that begins with less never has as much under way as what is measured.
PILOT_RECORDS = 5_000
PILOT_ACKS = 200
# A run that is shorter than this share of what it was meant to take was sized by a server that was not itself yet.
SHORT_SHARE = 0.5
SIZINGS_MAX = 3
WARMUP_MAX = 50_000
# Before anything counts, each of several partitions is written to: a first append makes files.
TOUCHES_PER_PARTITION = 4
# Records under way in a closed fan-out: brokers differ in what suits them, by a factor of two.
FAN_IN_FLIGHT = (16, 64, 200, 1000)
FAN_PILOT_S = 1.0
E2E_PILOT_S = 2.0
# A load that keeps less than this share of its rate measures its own queue.
RATE_SHARE_MIN = 0.95
FELL_BEHIND = "fell behind the rate"
# However slow a broker is at three things at once.
MIXED_S_MAX = 60.0
# Work that an acknowledgement did not wait for is the server's as well: this much time it gets to do it before its clock is read.
AFTERWORK_S = 0.2


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run: figures by name with the unit last in it, and what it took. `note` says what a reader must know about this one."""

    values: dict[str, float]
    usage: Usage | None = None
    note: str = ""


Key = tuple[str, str, str]


@dataclasses.dataclass
class Sizes:
    """What suits a broker in a mode, by workload: records a run, records under way in a closed fan-out, how long a batch waits to fill
    (with `linger_ms` None as the client does it by itself).
    Found in the first round and kept for all the others."""

    found: dict[Key, int] = dataclasses.field(default_factory=dict)
    in_flight: dict[Key, int] = dataclasses.field(default_factory=dict)
    linger_ms: dict[Key, float | None] = dataclasses.field(default_factory=dict)


def key_of(session: Session, workload: Workload) -> Key:
    return workload.name, session.broker.name, session.mode.name


def flatten(figures: Figures, prefix: str = "") -> dict[str, float]:
    """{"ack_us": {"p50": 1}} as {"ack_us_p50": 1}."""
    flat: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}_")
        elif isinstance(value, (int, float)):
            flat[prefix + name] = float(value)
    return flat


def quiet_disk() -> None:
    """What the workload before has left to write must not be written in the time of this one."""
    os.sync()


def quiet_machine() -> None:
    """And no page that this one fills is to be one that nothing backs."""
    quiet_disk()
    guest_memory.fill()


def publishing(workload: Workload, records: int, warmup: int = 0, linger_ms: float | None = None) -> Options:
    return Options(records, warmup, workload.size_bytes, workload.producers, workload.in_flight, linger_ms=linger_ms,
                   spread=workload.is_spread)


def pilot_rate(session: Session, workload: Workload, records_max: int, linger_ms: float | None = None) -> float:
    """Records a second, by publishing ever more until it takes long enough to say something. Warms up as well: the first run, which
    meets a new topic, counts for nothing."""
    guest_memory.fill()
    records = max(1, min(PILOT_ACKS if workload.kind == Kind.ACK else PILOT_RECORDS * workload.producers, records_max))
    session.load.run("pub", TOPIC, publishing(workload, records, linger_ms=linger_ms))
    while True:
        figures = flatten(session.load.run("pub", TOPIC, publishing(workload, records, linger_ms=linger_ms)))
        if figures["seconds"] >= PILOT_ENOUGH_S or records >= records_max:
            return max(1.0, figures["records_per_s"])
        records = min(records * 4, records_max)


def find_size(session: Session, workload: Workload, sizes: Sizes, seconds: float) -> None:
    """Leaves in `sizes` what the topic's publisher is to be asked for. Where an earlier round did, it publishes for a moment all the same:
    every round is to find the server as warm as the first."""
    key = key_of(session, workload)
    if key in sizes.found:
        records = max(1, int(sizes.found[key] * PILOT_ENOUGH_S / seconds))
        session.load.run("pub", TOPIC, publishing(workload, records, linger_ms=sizes.linger_ms[key]))
        return
    records_max = max(1, workload.records // 4)
    rates = {linger_ms: pilot_rate(session, workload, records_max, linger_ms) for linger_ms in session.broker.lingers_ms(workload)}
    sizes.linger_ms[key] = max(rates, key=lambda linger_ms: rates[linger_ms])
    sizes.found[key] = max(1, min(workload.records, int(max(rates.values()) * seconds)))


def grown(records: int, took_s: float, wanted_s: float, records_max: int) -> int:
    """As many records as would take long enough, where these did not; else the same number."""
    if took_s >= SHORT_SHARE * wanted_s or records >= records_max:
        return records
    return min(records_max, int(records * min(10.0, wanted_s / max(took_s, 1e-3))))


def warmup_records(records: int) -> int:
    return min(WARMUP_MAX, records // 10)


def observed(session: Session, work: Callable[[], Figures]) -> tuple[dict[str, float], Usage]:
    meter = Meter(session.server.tree_root)
    values = flatten(work())
    time.sleep(AFTERWORK_S)
    return values, meter.usage()


def cpu_per_million(usage: Usage, records: float) -> dict[str, float]:
    if records <= 0:
        return {}
    return {"server_cpu_s_per_million": usage.server_cpu_s / records * 1e6, "load_cpu_s_per_million": usage.load_cpu_s / records * 1e6}


def new_topic(session: Session, workload: Workload) -> None:
    session.load.create_topic(TOPIC, workload.partitions)
    if workload.partitions > 1:
        touches = Options(workload.partitions * TOUCHES_PER_PARTITION, 0, workload.size_bytes, spread=True)
        session.load.run("pub", TOPIC, touches)


def publish(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    new_topic(session, workload)
    find_size(session, workload, sizes, TARGET_S)
    new_topic(session, workload)
    key = key_of(session, workload)
    for sizing in range(SIZINGS_MAX):
        records = sizes.found[key]
        warmup = warmup_records(records)
        options = publishing(workload, records, warmup, sizes.linger_ms[key])
        quiet_machine()
        values, usage = observed(session, lambda options=options: session.load.run("pub", TOPIC, options))
        sizes.found[key] = grown(records, values["seconds"], TARGET_S, workload.records)
        if sizes.found[key] == records:
            break
        if sizing + 1 < SIZINGS_MAX:
            new_topic(session, workload)
    if (linger_ms := sizes.linger_ms[key]) is not None:
        values["linger_ms"] = linger_ms
    return Sample(values | cpu_per_million(usage, records + warmup), usage)


def prefill(session: Session, workload: Workload, topic: str, sizes: Sizes) -> int:
    session.load.create_topic(TOPIC, 1)
    find_size(session, workload, sizes, PREFILL_S)
    key = key_of(session, workload)
    records = sizes.found[key]
    session.load.create_topic(topic, 1)
    guest_memory.fill()
    session.load.run("pub", topic, Options(records, 0, workload.size_bytes, linger_ms=sizes.linger_ms[key]))
    return records


def catch_up(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    records = prefill(session, workload, TOPIC, sizes)
    quiet_disk()
    if workload.is_cold:
        cold_files.drop_from_cache(session.directory)
    guest_memory.fill()
    # Of warm files, too: whoever reads it sees whether they were.
    resident = cold_files.resident_share(cold_files.data_files(session.directory))
    values, usage = observed(session, lambda: session.load.run("sub", TOPIC, Options(records)))
    return Sample(values | {"resident_share": resident} | cpu_per_million(usage, records), usage)


def timed(workload: Workload, records: int, warmup: int, linger_ms: float | None) -> Options:
    return Options(records, warmup, workload.size_bytes, rate=workload.rate, linger_ms=linger_ms)


def quickest_linger(session: Session, workload: Workload, sizes: Sizes) -> float | None:
    """Of those with which the load keeps its rate the one with the lowest median; of none, the one that comes nearest to the rate."""
    key = key_of(session, workload)
    candidates = session.broker.lingers_ms(workload)
    if key not in sizes.linger_ms and len(candidates) > 1:
        sizes.linger_ms[key] = min(candidates, key=lambda linger_ms: latency_pilot(session, workload, linger_ms))
    return sizes.linger_ms.get(key, candidates[0])


def latency_pilot(session: Session, workload: Workload, linger_ms: float | None) -> tuple[float, float]:
    assert workload.rate is not None
    options = timed(workload, int(workload.rate * E2E_PILOT_S), int(workload.rate), linger_ms)
    try:
        figures = flatten(session.load.run("e2e", TOPIC, options, timeout_s=60))
    except LoadFailed:
        return 1.0, 0.0
    share = figures["records_per_s"] / workload.rate
    return (0.0, figures["latency_us_p50"]) if share >= RATE_SHARE_MIN else (1.0 - share, 0.0)


def end_to_end(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    assert workload.rate is not None
    session.load.create_topic(TOPIC, workload.partitions)
    linger_ms = quickest_linger(session, workload, sizes)
    # Clients that learn about a topic while they publish to it are not measured doing so, nor are compilers at work.
    warmup = int(workload.rate * session.broker.e2e_warmup_s)
    options = timed(workload, workload.records, warmup, linger_ms)
    quiet_machine()
    values, usage = observed(session, lambda: session.load.run("e2e", TOPIC, options, timeout_s=60))
    note = "" if values["records_per_s"] >= RATE_SHARE_MIN * workload.rate else FELL_BEHIND
    if linger_ms is not None:
        values["linger_ms"] = linger_ms
    return Sample(values | cpu_per_million(usage, workload.records + warmup), usage, note)


def fastest_in_flight(session: Session, workload: Workload, sizes: Sizes) -> int:
    key = key_of(session, workload)
    if key not in sizes.in_flight:
        sizes.in_flight[key] = max(FAN_IN_FLIGHT, key=lambda in_flight: fan_pilot_rate(session, workload, in_flight))
    return sizes.in_flight[key]


def fan_pilot_rate(session: Session, workload: Workload, in_flight: int) -> float:
    session.load.create_topic(TOPIC, 1)  # anew, as JetStream keeps the subscribers of the run before for a while
    guest_memory.fill()
    options = Options(size=workload.size_bytes, in_flight=in_flight, subscribers=workload.subscribers, seconds=FAN_PILOT_S)
    return flatten(session.load.run("fan", TOPIC, options, workload.transport))["deliveries_per_s"]


def fan(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    in_flight = fastest_in_flight(session, workload, sizes) if workload.rate is None else None
    options = Options(size=workload.size_bytes, in_flight=in_flight, rate=workload.rate, subscribers=workload.subscribers, seconds=workload.seconds)
    fan_pilot_rate(session, workload, in_flight or FAN_IN_FLIGHT[0])  # warms up
    session.load.create_topic(TOPIC, 1)
    quiet_machine()
    values, usage = observed(session, lambda: session.load.run("fan", TOPIC, options, workload.transport))
    note = ""
    if in_flight is not None:
        values["in_flight"] = float(in_flight)
    if workload.rate is not None and values["deliveries_per_s"] < RATE_SHARE_MIN * workload.rate * workload.subscribers:
        note = FELL_BEHIND
    return Sample(values | cpu_per_million(usage, values["deliveries"]), usage, note)


def mixed(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    """A publisher at a fixed rate, somebody at the tail of another topic, and somebody who reads a third from its beginning, again and
    again until the publisher ends: a broker that is read fast is not to have its tail measured in peace."""
    assert workload.rate is not None and workload.seconds is not None
    records = prefill(session, workload, PAST, sizes)
    for topic in (TOPIC, TAIL):
        session.load.create_topic(topic, 1)
    quiet_machine()
    tail_rate = workload.rate / 10
    warmup_s = session.broker.e2e_warmup_s
    published = Options(int(workload.rate * (workload.seconds + warmup_s)), 0, workload.size_bytes, rate=workload.rate)
    tail = Options(int(tail_rate * workload.seconds), int(tail_rate * warmup_s), workload.size_bytes, rate=tail_rate)
    meter = Meter(session.server.tree_root)
    with stopping(session.load.start("pub", TOPIC, published)) as publisher, stopping(session.load.start("e2e", TAIL, tail)) as follower:
        values = read_while(session, publisher.is_running, records)
        values |= flatten(publisher.figures(MIXED_S_MAX), "publish_") | flatten(follower.figures(MIXED_S_MAX), "tail_")
    time.sleep(AFTERWORK_S)
    usage = meter.usage()
    kept = values["publish_records_per_s"] >= RATE_SHARE_MIN * workload.rate and values["tail_records_per_s"] >= RATE_SHARE_MIN * tail_rate
    return Sample(values | {"server_cpu_s": usage.server_cpu_s}, usage, "" if kept else FELL_BEHIND)


def read_while(session: Session, goes_on: Callable[[], bool], records: int) -> dict[str, float]:
    """Reads PAST from its beginning at least once, and again while it goes on; what is under way at the end does not count."""
    read, seconds = 0.0, 0.0
    while read == 0.0 or goes_on():
        with stopping(session.load.start("sub", PAST, Options(records))) as reader:
            while read > 0.0 and goes_on() and reader.is_running():
                time.sleep(LOOK_S)
            if read > 0.0 and reader.is_running():
                break
            figures = flatten(reader.figures(MIXED_S_MAX))
        read += figures["records"]
        seconds += figures["seconds"]
    return {"catch_up_records": read, "catch_up_seconds": seconds, "catch_up_records_per_s": read / seconds}


@contextlib.contextmanager
def stopping(load: Any) -> Iterator[Any]:
    try:
        yield load
    finally:
        load.stop()


def recovery(broker: Broker, mode: Mode, workload: Workload, directory: pathlib.Path) -> Sample:
    """From the exec of a daemon whose predecessor was killed right behind the last acknowledgement, until it answers."""
    with contextlib.closing(broker.open(mode, directory)) as session:
        session.load.create_topic(TOPIC, 1)
        records = workload.log_bytes // workload.size_bytes
        meter = Meter(session.server.tree_root)
        figures = session.load.run("pub", TOPIC, Options(records, 0, workload.size_bytes), timeout_s=900)
        filling = meter.usage()
        session.server.kill()
    log_bytes = cold_files.size_bytes(directory)
    with contextlib.closing(broker.open(mode, directory)) as again:
        answered = again.server.await_ready(lambda: answers(again), timeout_s=300, poll_s=0.002)
        assert isinstance(again.load, LeatLoad)
        kept = again.load.end_offsets(TOPIC)
        if kept < records:
            raise LoadFailed(f"{records} records were acknowledged, and {kept} are there")
        again.load.run("sub", TOPIC, Options(records), timeout_s=900)  # fails unless each of them can be read
    return Sample({"recovery_s": answered, "log_bytes": float(log_bytes), "kept_records": float(kept),
                   "publish_records_per_s": flatten(figures)["records_per_s"], "publish_peak_memory_bytes": float(filling.peak_memory_bytes)})


def answers(session: Session) -> bool:
    if not port_accepts(session.port):
        return False
    assert isinstance(session.load, LeatLoad)
    try:
        session.load.end_offsets(TOPIC)
    except LoadFailed:
        return False
    return True


def partitions(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    session.load.create_topic(TOPIC, workload.partitions)
    idle = resident_bytes(session.server.pids())
    sample = publish(session, workload, sizes)
    return dataclasses.replace(sample, values=sample.values | {"idle_memory_bytes": float(idle)})


def connections(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    """One producer beside connections that subscribe to another topic, to which nothing is published."""
    session.load.create_topic(TAIL, 1)
    options = Options(size=workload.size_bytes, rate=0.0, subscribers=workload.idle_connections, seconds=600.0)
    with stopping(session.load.start("fan", TAIL, options)) as idle:
        await_connections(session.port, workload.idle_connections, idle)
        memory = resident_bytes(session.server.pids())
        sample = publish(session, workload, sizes)
        if not idle.is_running():
            raise LoadFailed("the idle connections did not stay")
    return dataclasses.replace(sample, values=sample.values | {"idle_memory_bytes": float(memory)})


def await_connections(port: int, wanted: int, load: Any, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while established(port) < wanted:
        if not load.is_running() or time.monotonic() > deadline:
            raise LoadFailed(f"{established(port)} of {wanted} connections came about")
        time.sleep(0.05)


def established(port: int) -> int:
    """Connections of the server at the port, by /proc/net/tcp."""
    suffix, state = f":{port:04X}", "01"
    count = 0
    for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        count += fields[1].endswith(suffix) and fields[3] == state
    return count


def measure(session: Session, workload: Workload, sizes: Sizes) -> Sample:
    """On a server that is running. Recovery is not among these, as it needs to start and kill its own."""
    match workload.kind:
        case Kind.PUBLISH | Kind.ACK:
            return publish(session, workload, sizes)
        case Kind.CATCH_UP:
            return catch_up(session, workload, sizes)
        case Kind.E2E:
            return end_to_end(session, workload, sizes)
        case Kind.FAN:
            return fan(session, workload, sizes)
        case Kind.MIXED:
            return mixed(session, workload, sizes)
        case Kind.PARTITIONS:
            return partitions(session, workload, sizes)
        case Kind.CONNECTIONS:
            return connections(session, workload, sizes)
        case Kind.RECOVERY:
            raise ValueError("recovery() measures it")
