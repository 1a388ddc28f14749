"""What was measured, as the JSON file holds it and as the report and the charts read it. README.md documents the file."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from suite.measure import Sample

SCHEMA = 1
REQUIRED = ("title", "began", "commit", "rounds", "seed", "is_quick", "is_complete", "machine", "brokers", "skipped", "contenders", "workloads",
            "measurements")
# More of the machine than this in other hands, and a figure says less about the broker than about the neighbours.
FOREIGN_SHARE_MAX = 0.10


@dataclasses.dataclass(frozen=True)
class Spread:
    """Medians, because one run in a bad minute must not count; the spread, because it must not be hidden either."""

    median: float
    minimum: float
    maximum: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    if not values:
        raise ValueError("the spread of nothing")
    return Spread(statistics.median(values), min(values), max(values), len(values))


@dataclasses.dataclass(frozen=True)
class Contender:
    """A broker in one mode: a column of the tables."""

    broker: str
    mode: str
    title: str
    syncs: bool
    is_logged: bool

    @property
    def label(self) -> str:
        return f"{self.title}, {self.mode}"


class Results:
    """Built by the runner or read from a file; the same in both cases."""

    def __init__(self, document: dict[str, Any]) -> None:
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise ValueError(f"not results of this suite: expected schema {SCHEMA}")
        if lacking := [key for key in REQUIRED if key not in document]:
            raise ValueError(f"the results lack {', '.join(lacking)}")
        self.document = document

    @classmethod
    def begin(cls, header: Mapping[str, Any], contenders: Iterable[Contender]) -> Results:
        return cls({"schema": SCHEMA, **header, "contenders": [dataclasses.asdict(one) for one in contenders], "measurements": []})

    @classmethod
    def read(cls, path: pathlib.Path) -> Results:
        try:
            return cls(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, RecursionError) as failure:
            raise ValueError(f"{path}: {failure}") from failure

    def write(self, path: pathlib.Path) -> None:
        """Whole or not at all: an interrupted run leaves the last one that was."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(self.document, indent=1) + "\n", encoding="utf-8")
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    @property
    def cores(self) -> int:
        return int(self.document["machine"]["cores"])

    @property
    def contenders(self) -> list[Contender]:
        return [Contender(**one) for one in self.document["contenders"]]

    def workloads(self, kind: str | None = None) -> list[str]:
        """Names in the order of their declaration, of those that were measured or tried."""
        found = {m["workload"] for m in self.document["measurements"]}
        return [w["name"] for w in self.document["workloads"] if w["name"] in found and kind in (None, w["kind"])]

    def workload(self, name: str) -> dict[str, Any]:
        return next(w for w in self.document["workloads"] if w["name"] == name)

    def add(self, round_number: int, workload: str, contender: Contender, sample: Sample) -> None:
        entry: dict[str, Any] = {"round": round_number, "values": sample.values, "note": sample.note}
        if sample.usage is not None:
            entry["usage"] = dataclasses.asdict(sample.usage)
            entry["foreign_share"] = sample.usage.foreign_share(self.cores)
        measurement = self._measurement(workload, contender)
        measurement["samples"].append(entry)
        measurement["summary"] = self._summary(measurement)

    def fail(self, round_number: int, workload: str, contender: Contender, reason: str) -> None:
        self._measurement(workload, contender)["failures"].append({"round": round_number, "reason": reason})

    def get(self, workload: str, contender: Contender, metric: str) -> Spread | None:
        summary = self.find(workload, contender)
        return Spread(**summary["summary"][metric]) if summary and metric in summary["summary"] else None

    def find(self, workload: str, contender: Contender) -> dict[str, Any] | None:
        for measurement in self.document["measurements"]:
            if (measurement["workload"], measurement["broker"], measurement["mode"]) == (workload, contender.broker, contender.mode):
                return measurement
        return None

    def is_disturbed(self, workload: str, contender: Contender) -> bool:
        """Others had too much of the machine in one of the runs."""
        measurement = self.find(workload, contender)
        return measurement is not None and any(sample.get("foreign_share", 0.0) > FOREIGN_SHARE_MAX for sample in measurement["samples"])

    def failed_rounds(self, workload: str, contender: Contender) -> int:
        measurement = self.find(workload, contender)
        return len(measurement["failures"]) if measurement else 0

    def _measurement(self, workload: str, contender: Contender) -> dict[str, Any]:
        found = self.find(workload, contender)
        if found is None:
            found = {"workload": workload, "broker": contender.broker, "mode": contender.mode, "samples": [], "failures": [], "summary": {}}
            self.document["measurements"].append(found)
        return found

    @staticmethod
    def _summary(measurement: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        collected: dict[str, list[float]] = {}
        for sample in measurement["samples"]:
            values = dict(sample["values"])
            if "usage" in sample:
                values["peak_memory_bytes"] = sample["usage"]["peak_memory_bytes"]
            for name, value in values.items():
                collected.setdefault(name, []).append(value)
        return {name: dataclasses.asdict(spread(values)) for name, values in collected.items()}
