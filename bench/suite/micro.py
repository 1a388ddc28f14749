"""The table of a run of leat_bench_micro, from the JSON that Google Benchmark writes."""
from __future__ import annotations

import json
import pathlib
import statistics
from collections.abc import Mapping
from typing import Any

from suite.goals import number
from suite.report import cell, markdown_table
from suite.results import spread

NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def render(document: Mapping[str, Any]) -> str:
    context = document["context"]
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for run in document["benchmarks"]:
        # Aggregates are Google Benchmark's own medians of the runs that are here as well, unless only they were asked for.
        if run.get("run_type") == "aggregate" and run.get("aggregate_name") != "median":
            continue
        runs.setdefault(run.get("run_name", run["name"]), []).append(run)
    rows = []
    for name, of_name in runs.items():
        single = [run for run in of_name if run.get("run_type") != "aggregate"] or of_name
        rows.append((name, cell(spread([run["cpu_time"] * NS[run["time_unit"]] for run in single])), _rate(single, "bytes_per_second", 1e-6),
                     _rate(single, "items_per_second", 1.0)))
    facts = [("When", context["date"]), ("Commit", context.get("commit", "unknown")),
             ("Processor", f"{context.get('processor', 'unknown')}, {context['num_cpus']} cores of {context['mhz_per_cpu']} MHz"),
             ("System", context.get("system", "unknown")),
             ("Load before", ", ".join(number(value) for value in context.get("load_avg", [])) or "unknown")]
    head = "# Micro benchmarks\n\n" + markdown_table(("", ""), facts) + "\n\nMedians with [least..most], where there were several runs.\n\n"
    return head + markdown_table(("Benchmark", "Processor time (ns)", "MB/s", "Items/s"), rows) + "\n"


def _rate(runs: list[Mapping[str, Any]], key: str, scale: float) -> str:
    found = [run[key] * scale for run in runs if key in run]
    return number(statistics.median(found)) if found else ""


def write_report(path: pathlib.Path, into: pathlib.Path) -> int:
    text = render(json.loads(path.read_text(encoding="utf-8")))
    into.mkdir(parents=True, exist_ok=True)
    (into / "micro.md").write_text(text, encoding="utf-8")
    return 0
