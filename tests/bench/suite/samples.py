"""Results made up for the tests, with only what a test is about."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.accounting import Usage
from suite.measure import Sample
from suite.results import Contender, Results

DURABLE = Contender("leat", "durable", "leat", syncs=True, is_logged=True)
PAGE_CACHE = Contender("leat", "page cache", "leat", syncs=False, is_logged=True)
SYNCING = Contender("redis", "always", "Redis Streams", syncs=True, is_logged=True)
LAZY = Contender("redis", "everysec", "Redis Streams", syncs=False, is_logged=True)
PUBSUB = Contender("redis-pubsub", "memory", "Redis pub/sub", syncs=False, is_logged=False)
EVERYONE = (DURABLE, PAGE_CACHE, SYNCING, LAZY, PUBSUB)

Figures = Mapping[tuple[str, Contender], Mapping[str, float]]


def header(workloads: Mapping[str, str], is_quick: bool = False) -> dict[str, Any]:
    brokers: dict[str, Any] = {}
    for one in EVERYONE:
        known = brokers.setdefault(one.broker, {"version": "1.2.3", "modes": {}})
        known["modes"][one.mode] = {"promise": "kept", "settings": {"some/file.conf": "a = b\n"}}
    machine = {"cpu": "a processor", "cores": 2, "memory_bytes": 8e9, "kernel": "6.1", "system": "Debian", "file_system": "ext4",
               "mount_options": "rw", "disk": {"name": "vda"}, "load_average_before": 0.1}
    return {"title": "made up", "began": "2026-01-01T00:00:00+00:00", "commit": "abc", "is_complete": True, "is_quick": is_quick, "rounds": 1,
            "seed": 7, "machine": machine, "brokers": brokers, "skipped": {"Iggy": "it is not there"},
            "workloads": [{"name": name, "kind": kind} for name, kind in workloads.items()]}


def results(workloads: Mapping[str, str], figures: Figures, is_quick: bool = False) -> Results:
    made = Results.begin(header(workloads, is_quick), EVERYONE)
    for (workload, contender), values in figures.items():
        made.add(1, workload, contender, Sample(dict(values)))
    return made


def usage(foreign_cpu_s: float) -> Usage:
    return Usage(elapsed_s=2.0, server_cpu_s=1.0, load_cpu_s=1.0, kernel_cpu_s=0.0, foreign_cpu_s=foreign_cpu_s, stolen_cpu_s=0.0,
                 peak_memory_bytes=1000)
