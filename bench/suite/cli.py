"""The command line of `./dev bench load|peers|plot` and of the report of `./dev bench micro`."""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from suite import guest_memory, machine, micro, report
from suite.brokers import Broker, Places, all_brokers
from suite.results import Results
from suite.runner import WARMUP_RECORDS, Entry, Runner, entries, refused
from suite.workloads import QUICK_DIVISOR, UnknownWorkload, Workload, all_workloads, select

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = 5
EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


class Usage(ValueError):
    """The command line asks for what there is not."""


def directory(text: str) -> pathlib.Path:
    if not text:
        raise argparse.ArgumentTypeError("expected a directory")
    return pathlib.Path(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="./dev bench", description="Measures leat and other brokers.")
    verbs = top.add_subparsers(dest="verb", required=True)
    load = verbs.add_parser("load", help="leat's own workloads", description="Measures leat alone: load.json and load.md.")
    peers = verbs.add_parser("peers", help="the same on other brokers",
                             description="Measures leat and other brokers, taking turns: peers.json and peers.md.")
    for verb in (load, peers):
        _add_run_options(verb)
    peers.add_argument("--brokers", metavar="NAME,...", help="only these (leat, kafka, nats, redis, rabbitmq, iggy, redis-pubsub, nats-core)")
    plot = verbs.add_parser("plot", help="charts of the results", description="Draws SVG charts beside each JSON file.")
    plot.add_argument("json", nargs="*", type=pathlib.Path, help="results of load or peers; default: those in build/bench")
    plot.add_argument("--out", type=pathlib.Path, help="where to (default: beside the JSON file)")
    table = verbs.add_parser("micro-report", help="the table of a run of ./dev bench micro")
    table.add_argument("json", type=pathlib.Path)
    again = verbs.add_parser("report", help="writes the Markdown of a JSON file anew")
    again.add_argument("json", type=pathlib.Path)
    return top


def _add_run_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--workloads", nargs="+", metavar="GLOB", default=[], help="only those whose name matches; a plain prefix takes all below it")
    verb.add_argument("--runs", type=_positive, default=RUNS, metavar="N", help="rounds (default %(default)s)")
    verb.add_argument("--no-fill", action="store_true",
                      help="on a virtual machine, leave free memory as it is instead of keeping it full of page cache")
    verb.add_argument("--quick", action="store_true", help="a tenth of the records: does it work at all?")
    verb.add_argument("--list", action="store_true", help="name the workloads and end")
    verb.add_argument("--out", type=directory, default=ROOT / "build" / "bench", metavar="DIR",
                      help="where JSON and Markdown go (default build/bench)")
    verb.add_argument("--data", type=directory, metavar="DIR",
                      help="where the servers keep their data meanwhile (default below build/bench); use the disk that is to be measured")
    verb.add_argument("--seed", type=int, help="of the order in which brokers take turns (default: a new one, which is printed)")
    verb.add_argument("--bin-dir", type=pathlib.Path, default=pathlib.Path(os.environ.get("LEAT_BENCH_BIN", ROOT / "build" / "release" / "bin")),
                      metavar="DIR", help="where leatd, leat and leat_bench_load are (default build/release/bin)")
    verb.add_argument("--installed", type=pathlib.Path, default=ROOT / "build" / "peers", metavar="DIR", help=argparse.SUPPRESS)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return value


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    try:
        return _run(options) if options.verb in ("load", "peers") else _show(options)
    except (UnknownWorkload, Usage) as wrong:
        print(f"bench: {wrong}", file=sys.stderr)
        return EXIT_USAGE
    except (ValueError, OSError) as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return EXIT_FAILED


def _show(options: argparse.Namespace) -> int:
    """What is made of results that are there."""
    if options.verb == "plot":
        return _plot(options)
    with _whole(options.json):
        if options.verb == "micro-report":
            return micro.write_report(options.json, ROOT / "build" / "bench")
        return _write_markdown(Results.read(options.json), options.json.with_suffix(".md"))


@contextlib.contextmanager
def _whole(path: pathlib.Path) -> Iterator[None]:
    """Around whatever takes it for granted that a file has all that this suite writes."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as failure:
        raise ValueError(f"{path}: the results are not whole: {failure!r}") from failure


def _plot(options: argparse.Namespace) -> int:
    # Only here, as nothing else needs matplotlib.
    from suite import plot

    files = options.json or [path for name in ("peers.json", "load.json") if (path := ROOT / "build" / "bench" / name).exists()]
    if not files:
        raise Usage("there are no results to draw: run ./dev bench load or ./dev bench peers first")
    for path in files:
        with _whole(path):
            charts = plot.draw(Results.read(path), options.out or path.parent, path.stem)
        if not charts:
            raise ValueError(f"{path}: nothing in it can be drawn")
        print(*charts, sep="\n")
    return 0


def _chosen_brokers(options: argparse.Namespace) -> list[Broker]:
    everyone = all_brokers(Places(options.bin_dir.resolve(), ROOT / "bench" / "peers", options.installed.resolve()))
    if options.verb == "load":
        return [broker for broker in everyone if broker.name == "leat"]
    if options.brokers is None:
        return everyone
    wanted = options.brokers.split(",")
    names = [broker.name for broker in everyone]
    for name in wanted:
        if name not in names:
            raise Usage(f"there is no broker '{name}': there are {', '.join(names)}")
    return [broker for broker in everyone if broker.name in wanted]


def _run(options: argparse.Namespace) -> int:
    workloads = select(all_workloads(), options.workloads)
    if options.list:
        print("\n".join(w.name for w in workloads))
        return 0
    if options.quick:
        workloads = [w.quick() for w in workloads]
    brokers = _chosen_brokers(options)
    reasons = {broker.title: reason for broker in brokers if (reason := broker.unavailable())}
    for title, reason in reasons.items():
        print(f"bench: {title} is skipped: {reason}", file=sys.stderr)
    present = [broker for broker in brokers if broker.title not in reasons]
    plan = entries(present, workloads)
    if not plan:
        raise Usage("nothing to measure: no broker that is here does any of these workloads")
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    print(f"bench: seed {seed}", file=sys.stderr)
    data_parent = options.data or options.out
    for directory in (options.out, data_parent):
        _check_writable(directory)
    header = _header(options, plan, workloads, reasons, seed, data_parent) | {"not_measured": refused(present, workloads)}
    results = Results.begin(header, [entry.contender for entry in plan])
    return _measure(options, results, plan, seed, data_parent)


def _check_writable(directory: pathlib.Path) -> None:
    """Before anything is measured, as that may take hours."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(b"?")
    except OSError as failure:
        raise Usage(f"{directory} can't be written to: {failure.strerror}") from failure


def _measure(options: argparse.Namespace, results: Results, plan: Sequence[Entry], seed: int, data_parent: pathlib.Path) -> int:
    path = options.out / f"{options.verb}.json"
    # However it is asked to end, servers are stopped, and what was measured is written. A shell that starts it in the background has
    # it ignore Ctrl-C unless it says otherwise.
    _on_signals(signal.default_int_handler)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=data_parent))
    status = 0

    def write() -> None:
        nonlocal path
        path = _write(results, path)

    try:
        warmup = WARMUP_RECORDS // (QUICK_DIVISOR if options.quick else 1)
        with _full_memory(options, results, scratch):
            Runner(results, plan, options.runs, scratch.resolve(), seed, warmup).run(write)
        results.document["is_complete"] = True
    except KeyboardInterrupt:
        print("bench: interrupted: writing what was measured", file=sys.stderr)
        status = EXIT_INTERRUPTED
    finally:
        # Impatience must not lose the results either.
        _on_signals(signal.SIG_IGN)
        write()
        shutil.rmtree(scratch, ignore_errors=True)
    _write_markdown(results, path.with_suffix(".md"))
    # What a peer can't do is a result; what leat can't do is a fault.
    if status == 0 and any(m["failures"] for m in results.document["measurements"] if m["broker"] == "leat"):
        status = EXIT_FAILED
    print(f"{path}\n{path.with_suffix('.md')}")
    return status


def _on_signals(what: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, what)


@contextlib.contextmanager
def _full_memory(options: argparse.Namespace, results: Results, scratch: pathlib.Path) -> Iterator[None]:
    """On a virtual machine, unless it is not wanted or the figures say little anyway. The results tell whether it was."""
    results.document["machine"]["memory_filled_bytes"] = 0
    if options.quick or options.no_fill or not guest_memory.is_guest(pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")):
        yield
        return
    print("bench: filling free memory with page cache, as it is a virtual machine's", file=sys.stderr)
    with guest_memory.kept_full(scratch) as filled:
        print(f"bench: filled {filled / 1e9:.1f} GB" + ("" if filled else ": cold files and page caches may be slow"), file=sys.stderr)
        results.document["machine"]["memory_filled_bytes"] = filled
        yield


def _write(results: Results, path: pathlib.Path) -> pathlib.Path:
    """Where it wrote them: not even a full disk is worth hours of measuring."""
    try:
        results.write(path)
        return path
    except OSError as failure:
        elsewhere = pathlib.Path(tempfile.mkdtemp(prefix="leat-bench-")) / path.name
        print(f"bench: {path}: {failure.strerror}: the results go to {elsewhere}", file=sys.stderr)
        results.write(elsewhere)
        return elsewhere


def _write_markdown(results: Results, path: pathlib.Path) -> int:
    path.write_text(report.render(results), encoding="utf-8")
    return 0


def _header(options: argparse.Namespace, plan: Sequence[Entry], workloads: Sequence[Workload], reasons: dict[str, str], seed: int,
            data_parent: pathlib.Path) -> dict[str, Any]:
    brokers: dict[str, Any] = {}
    for entry in plan:
        known = brokers.setdefault(entry.broker.name, {"version": entry.broker.version(), "modes": {}})
        known["modes"][entry.mode.name] = {"promise": entry.mode.promise, "settings": entry.broker.settings(entry.mode)}
    return {
        "title": "leat beside other brokers" if options.verb == "peers" else "leat under load",
        "began": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": _commit(),
        "is_complete": False,
        "is_quick": options.quick,
        "rounds": options.runs,
        "seed": seed,
        "machine": machine.describe(data_parent),
        "brokers": brokers,
        "skipped": reasons,
        "workloads": [dataclasses.asdict(w) | {"kind": w.kind.value} for w in workloads],
    }


def _commit() -> str:
    ended = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, check=False)
    return ended.stdout.strip() or "unknown"
