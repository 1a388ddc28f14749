"""What is measured, as data. A workload says what is asked of a broker; how the asking is done is in measure.py."""
from __future__ import annotations

import dataclasses
import enum
import fnmatch
import itertools
from collections.abc import Iterable, Sequence


class Kind(enum.Enum):
    PUBLISH = "publish"
    CATCH_UP = "catch-up"
    E2E = "e2e"
    ACK = "ack"
    FAN = "fan"
    MIXED = "mixed"
    RECOVERY = "recovery"
    PARTITIONS = "partitions"
    CONNECTIONS = "connections"


# What only a log can do, and what is about leat's own limits and nobody else's.
LOGGED = frozenset({Kind.PUBLISH, Kind.CATCH_UP, Kind.E2E, Kind.ACK, Kind.MIXED})
LEAT_ONLY = frozenset({Kind.RECOVERY, Kind.PARTITIONS, Kind.CONNECTIONS})
# Each run of these gets a server of its own: they kill it, or measure how its memory grows from nothing.
OWN_SERVER = LEAT_ONLY
QUICK_DIVISOR = 10


@dataclasses.dataclass(frozen=True)
class Workload:
    """One row of the tables. `records` is the most that a run takes; a broker that would need longer than a few seconds for
    them gets as many as it can do in that time."""

    name: str
    kind: Kind
    records: int = 0
    size_bytes: int = 1024
    producers: int = 1
    partitions: int = 1
    # Each record to another partition. Records without keys otherwise stay with one for a batch, as clients do it.
    is_spread: bool = False
    in_flight: int | None = None
    rate: float | None = None
    seconds: float | None = None
    subscribers: int = 0
    transport: str = "tcp"
    is_cold: bool = False
    log_bytes: int = 0
    idle_connections: int = 0
    rounds_max: int | None = None

    def quick(self) -> Workload:
        """A tenth of it, to see that everything works: the figures say little."""
        return dataclasses.replace(
            self,
            records=max(1, self.records // QUICK_DIVISOR) if self.records else 0,
            seconds=max(1.0, self.seconds / QUICK_DIVISOR) if self.seconds else self.seconds,
            log_bytes=self.log_bytes // QUICK_DIVISOR,
        )


# About three seconds of the fastest broker on two cores.
PUBLISH_RECORDS = {100: 12_000_000, 1024: 3_000_000, 65536: 48_000}
CATCH_UP_RECORDS = {100: 20_000_000, 1024: 4_000_000, 65536: 60_000}
SCALING_RECORDS = 2_000_000
# Long enough for what brokers do every ten seconds.
E2E_SECONDS = 12.0
FAN_SECONDS = 4.0
FAN_DELIVERIES_PER_S = 20_000
GIGABYTE = 1_000_000_000


def _publish() -> Iterable[Workload]:
    for size, producers, partitions in itertools.product((100, 1024, 65536), (1, 4), (1, 16, 1000)):
        yield Workload(f"publish/size:{size}/producers:{producers}/partitions:{partitions}", Kind.PUBLISH, PUBLISH_RECORDS[size],
                       size_bytes=size, producers=producers, partitions=partitions)


def _spread() -> Iterable[Workload]:
    for size, partitions in itertools.product((100, 1024), (16, 1000)):
        yield Workload(f"publish/size:{size}/producers:1/partitions:{partitions}/spread", Kind.PUBLISH, PUBLISH_RECORDS[size], size_bytes=size,
                       partitions=partitions, is_spread=True)


def _catch_up() -> Iterable[Workload]:
    for size, is_cold in itertools.product((100, 1024, 65536), (False, True)):
        yield Workload(f"catch-up/size:{size}/files:{'cold' if is_cold else 'warm'}", Kind.CATCH_UP, CATCH_UP_RECORDS[size],
                       size_bytes=size, is_cold=is_cold)


def _end_to_end() -> Iterable[Workload]:
    for rate in (1_000, 10_000, 50_000):
        yield Workload(f"e2e/rate:{rate}", Kind.E2E, int(rate * E2E_SECONDS), rate=rate)


def _fan() -> Iterable[Workload]:
    for transport, subscribers in itertools.product(("tcp", "ws"), (1, 100, 1000)):
        name = f"fan/transport:{transport}/subscribers:{subscribers}"
        yield Workload(f"{name}/closed", Kind.FAN, seconds=FAN_SECONDS, subscribers=subscribers, transport=transport)
        yield Workload(f"{name}/deliveries_per_s:{FAN_DELIVERIES_PER_S}", Kind.FAN, seconds=FAN_SECONDS, subscribers=subscribers,
                       transport=transport, rate=FAN_DELIVERIES_PER_S / subscribers)


def _leat_only() -> Iterable[Workload]:
    for gigabytes, rounds in ((1, None), (10, 3)):
        yield Workload(f"recovery/log:{gigabytes}GB", Kind.RECOVERY, log_bytes=gigabytes * GIGABYTE, rounds_max=rounds)
    for is_spread, partitions in itertools.product((False, True), (1, 10, 100, 1000, 10_000)):
        yield Workload(f"partitions/{partitions}" + ("/spread" if is_spread else ""), Kind.PARTITIONS, SCALING_RECORDS, partitions=partitions,
                       is_spread=is_spread)
    for connections in (1, 10, 100, 1000, 10_000):
        yield Workload(f"connections/{connections}", Kind.CONNECTIONS, SCALING_RECORDS, idle_connections=connections)


def all_workloads() -> list[Workload]:
    return [
        *_publish(),
        *_spread(),
        Workload("ack/in_flight:1", Kind.ACK, 20_000, in_flight=1),
        *_end_to_end(),
        *_catch_up(),
        Workload("mixed/publish:10000/tail:1000/catch-up", Kind.MIXED, CATCH_UP_RECORDS[1024], rate=10_000, seconds=E2E_SECONDS),
        *_fan(),
        *_leat_only(),
    ]


class UnknownWorkload(ValueError):
    """A pattern that selects nothing is a typing error, and not a wish for an empty table."""


def select(workloads: Sequence[Workload], patterns: Sequence[str]) -> list[Workload]:
    """Those whose name matches any pattern, in their own order. A pattern without wildcards also selects what is below it."""
    if not patterns:
        return list(workloads)
    chosen: set[str] = set()
    for pattern in patterns:
        found = {w.name for w in workloads if fnmatch.fnmatchcase(w.name, pattern) or w.name.startswith(pattern.rstrip("/") + "/")}
        if not found:
            raise UnknownWorkload(f"no workload matches '{pattern}' (--list names them)")
        chosen |= found
    return [w for w in workloads if w.name in chosen]
