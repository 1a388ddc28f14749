"""The Markdown report of one run's results: what was reached of the goals, then every figure with its spread."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from suite.goals import Verdict, evaluate, number
from suite.results import FOREIGN_SHARE_MAX, Contender, Results, Spread

DISTURBED = "†"
SLOW = "‡"
CLOSE = ", within the spread"


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure of all workloads of a kind: a row a workload, a column a contender. In GLANCE of one workload: a row."""

    title: str
    of: str
    metric: str
    scale: float = 1.0


TABLES = (
    Figure("Publish: records/s", "publish", "records_per_s"),
    Figure("Publish: server's processor seconds per million records", "publish", "server_cpu_s_per_million"),
    Figure("Publish: load's processor seconds per million records", "publish", "load_cpu_s_per_million"),
    Figure("Publish: server's peak memory (MB)", "publish", "peak_memory_bytes", 1e-6),
    Figure("Publish: how long batches wait to fill, where it is chosen by pilots (ms)", "publish", "linger_ms"),
    Figure("Acknowledgement with one record in flight: p50 (us)", "ack", "ack_us_p50"),
    Figure("Acknowledgement with one record in flight: p99 (us)", "ack", "ack_us_p99"),
    Figure("Acknowledgement: server's processor seconds per million records", "ack", "server_cpu_s_per_million"),
    Figure("Acknowledgement: server's peak memory (MB)", "ack", "peak_memory_bytes", 1e-6),
    Figure("End to end: p50 (us)", "e2e", "latency_us_p50"),
    Figure("End to end: p99 (us)", "e2e", "latency_us_p99"),
    Figure("End to end: p99.9 (us)", "e2e", "latency_us_p999"),
    Figure("End to end: server's processor seconds per million records", "e2e", "server_cpu_s_per_million"),
    Figure("End to end: server's peak memory (MB)", "e2e", "peak_memory_bytes", 1e-6),
    Figure("End to end: how long batches wait to fill, where it is chosen by pilots (ms)", "e2e", "linger_ms"),
    Figure("Catch-up: records/s", "catch-up", "records_per_s"),
    Figure("Catch-up: server's processor seconds per million records", "catch-up", "server_cpu_s_per_million"),
    Figure("Catch-up: load's processor seconds per million records", "catch-up", "load_cpu_s_per_million"),
    Figure("Catch-up: server's peak memory (MB)", "catch-up", "peak_memory_bytes", 1e-6),
    Figure("Catch-up: share of the server's files in the page cache before it (%)", "catch-up", "resident_share", 100.0),
    Figure("Mixed: published records/s", "mixed", "publish_records_per_s"),
    Figure("Mixed: end to end at the tail, p50 (us)", "mixed", "tail_latency_us_p50"),
    Figure("Mixed: end to end at the tail, p99 (us)", "mixed", "tail_latency_us_p99"),
    Figure("Mixed: caught up records/s", "mixed", "catch_up_records_per_s"),
    Figure("Mixed: server's processor seconds", "mixed", "server_cpu_s"),
    Figure("Mixed: server's peak memory (MB)", "mixed", "peak_memory_bytes", 1e-6),
    Figure("Fan-out: deliveries/s", "fan", "deliveries_per_s"),
    Figure("Fan-out: p50 (us)", "fan", "latency_us_p50"),
    Figure("Fan-out: p99 (us)", "fan", "latency_us_p99"),
    Figure("Fan-out: server's processor seconds per million deliveries", "fan", "server_cpu_s_per_million"),
    Figure("Fan-out: server's peak memory (MB)", "fan", "peak_memory_bytes", 1e-6),
    Figure("Fan-out: records under way, chosen by pilots", "fan", "in_flight"),
    Figure("Recovery after SIGKILL, from exec to the first answer (s)", "recovery", "recovery_s"),
    Figure("Recovery: size of the log (MB)", "recovery", "log_bytes", 1e-6),
    Figure("Recovery: peak memory while the log was written (MB)", "recovery", "publish_peak_memory_bytes", 1e-6),
    Figure("Against partitions: records/s", "partitions", "records_per_s"),
    Figure("Against partitions: idle memory (MB)", "partitions", "idle_memory_bytes", 1e-6),
    Figure("Against partitions: peak memory (MB)", "partitions", "peak_memory_bytes", 1e-6),
    Figure("Against idle connections: records/s", "connections", "records_per_s"),
    Figure("Against idle connections: memory with all of them idle (MB)", "connections", "idle_memory_bytes", 1e-6),
)


THOUSAND = 1e-3
GLANCE = (
    Figure("publish 100 B (thousand records/s)", "publish/size:100/producers:1/partitions:1", "records_per_s", THOUSAND),
    Figure("publish 1 KiB", "publish/size:1024/producers:1/partitions:1", "records_per_s", THOUSAND),
    Figure("publish 1 KiB, 4 producers", "publish/size:1024/producers:4/partitions:1", "records_per_s", THOUSAND),
    Figure("publish 1 KiB, 1,000 partitions", "publish/size:1024/producers:1/partitions:1000", "records_per_s", THOUSAND),
    Figure("publish 1 KiB, 1,000 partitions, spread", "publish/size:1024/producers:1/partitions:1000/spread", "records_per_s", THOUSAND),
    Figure("publish 64 KiB", "publish/size:65536/producers:1/partitions:1", "records_per_s", THOUSAND),
    Figure("server's processor time, publish 100 B (s per million)", "publish/size:100/producers:1/partitions:1", "server_cpu_s_per_million"),
    Figure("server's processor time, publish 1 KiB", "publish/size:1024/producers:1/partitions:1", "server_cpu_s_per_million"),
    Figure("acknowledgement p50, one record under way (us)", "ack/in_flight:1", "ack_us_p50"),
    *(Figure(f"end to end {percentile}, {rate:,}/s (us)", f"e2e/rate:{rate}", f"latency_us_{percentile}")
      for percentile in ("p50", "p99") for rate in (1_000, 10_000, 50_000)),
    *(Figure(f"catch-up {title}, {files} (thousand records/s)", f"catch-up/size:{size}/files:{files}", "records_per_s", THOUSAND)
      for size, title in ((100, "100 B"), (1024, "1 KiB"), (65536, "64 KiB")) for files in ("warm", "cold")),
    *(Figure(f"fan-out to {count:,} over TCP (thousand deliveries/s)", f"fan/transport:tcp/subscribers:{count}/closed", "deliveries_per_s", THOUSAND)
      for count in (1, 100, 1_000)),
)


def render(results: Results) -> str:
    parts = [_header(results), _contenders(results), *_glance(results)]
    if verdicts := evaluate(results):
        parts.append(_goals(verdicts, results.document["rounds"]))
    parts += [text for table in TABLES if (text := _figures(results, table))]
    parts += [text for text in (_not_measured(results), _failures(results)) if text]
    return "\n\n".join(parts) + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def cell(spread: Spread | None, scale: float = 1.0) -> str:
    if spread is None:
        return "–"
    median, low, high = (number(value * scale) for value in (spread.median, spread.minimum, spread.maximum))
    return median if spread.count == 1 else f"{median} [{low}..{high}]"


def _header(results: Results) -> str:
    document, machine = results.document, results.document["machine"]
    disk = ", ".join(f"{key} {value}" for key, value in machine["disk"].items())
    rows = [
        ("When", document["began"] + ("" if document["is_complete"] else ", interrupted: what was measured until then")),
        ("Rounds", f"{document['rounds']}, seed {document['seed']}"
                   + (", quick: a tenth of everything, good for nothing but a look" if document["is_quick"] else "")),
        ("Commit", document["commit"]),
        ("Processor", f"{machine['cpu']}, {machine['cores']} cores, shared by server and load"),
        ("Memory", f"{machine['memory_bytes'] / 1e9:.1f} GB" + _filled(machine.get("memory_filled_bytes", 0))),
        ("System", f"{machine['system']}, Linux {machine['kernel']}"),
        ("Data on", f"{machine['file_system']} ({machine['mount_options']}), disk {disk or 'unknown'}"),
        ("Load before", f"{machine['load_average_before']:.2f}"),
    ]
    note = (f"Medians of all rounds with [least..most]. {DISTURBED}: others took more than {FOREIGN_SHARE_MAX:.0%} of the machine in one of "
            f"the runs. (n of m): the other rounds failed. {SLOW}: fell behind the rate that was asked for. –: not measured. How to read them: bench/README.md.")
    return f"# {document['title']}\n\n{markdown_table(('', ''), rows)}\n\n{note}"


def _filled(count: int) -> str:
    return f", {count / 1e9:.1f} of them filled with page cache at the start" if count else ""


def _contenders(results: Results) -> str:
    rows = []
    for contender in results.contenders:
        known = results.document["brokers"][contender.broker]
        rows.append((contender.label, known["version"], known["modes"][contender.mode]["promise"],
                     ", ".join(known["modes"][contender.mode]["settings"])))
    text = "## Brokers\n\n" + markdown_table(("Broker", "Version", "An acknowledged record is", "Settings (bench/peers/)"), rows)
    skipped = [f"- {name}: skipped, {reason}" for name, reason in results.document["skipped"].items()]
    return text + ("\n\n" + "\n".join(skipped) if skipped else "")


def _goals(verdicts: Sequence[Verdict], rounds: int) -> str:
    words = {True: "met", False: "**not met**", None: "not measured"}
    summary, details = [], []
    for goal in dict.fromkeys(verdict.goal for verdict in verdicts):
        of_goal = [verdict for verdict in verdicts if verdict.goal == goal]
        judged = [verdict for verdict in of_goal if verdict.is_met is not None]
        met = sum(1 for verdict in judged if verdict.is_met)
        outcome = words[None] if not judged else words[met == len(judged)]
        close = sum(1 for verdict in judged if verdict.is_close)
        summary.append((goal, outcome, f"{met} of {len(judged)}" + (f", {close} within the spread" if close else "")))
    for verdict in verdicts:
        ratio = "" if verdict.ratio is None else f"{verdict.ratio:.2f}"
        details.append((verdict.goal, verdict.workload, verdict.figure, verdict.compared, ratio, words[verdict.is_met] + (CLOSE if verdict.is_close else "")))
    note = ("Within the spread: some round of one side was on the other side of the line." if rounds > 1 else
            "One round: how far figures are from one another from round to round is not known, so a ratio near the line decides nothing.")
    return (f"## Goals\n\n{note}\n\n" + markdown_table(("Goal", "", "Workloads"), summary) + "\n\n### Each workload\n\n" +
            markdown_table(("Goal", "Workload", "leat", "Compared with", "Ratio", ""), details))


def _glance(results: Results) -> list[str]:
    contenders = results.contenders
    rows = [[row.title, *(_marked(results, row.of, c, row.metric, row.scale, shows_spread=False) for c in contenders)]
            for row in GLANCE if any(results.get(row.of, c, row.metric) for c in contenders)]
    return ["## At a glance\n\nMedians.\n\n" + markdown_table(["", *(c.label for c in contenders)], rows)] if rows else []


def _figures(results: Results, table: Figure) -> str:
    workloads = results.workloads(table.of)
    columns = [c for c in results.contenders if any(results.get(name, c, table.metric) for name in workloads)]
    if not columns:
        return ""
    rows = []
    for name in workloads:
        if any(results.get(name, c, table.metric) for c in columns):
            rows.append([name, *(_marked(results, name, c, table.metric, table.scale) for c in columns)])
    return f"## {table.title}\n\n" + markdown_table(["Workload", *(c.label for c in columns)], rows)


def _marked(results: Results, workload: str, contender: Contender, metric: str, scale: float, shows_spread: bool = True) -> str:
    spread = results.get(workload, contender, metric)
    text = cell(spread, scale) if shows_spread or spread is None else number(spread.median * scale)
    measurement = results.find(workload, contender)
    if spread is None:
        return "failed" if measurement and measurement["failures"] else text
    if failed := results.failed_rounds(workload, contender):
        text += f" ({spread.count} of {spread.count + failed})"
    if results.is_disturbed(workload, contender):
        text += " " + DISTURBED
    if measurement and any(sample["note"] for sample in measurement["samples"]):
        text += " " + SLOW
    return text


def _not_measured(results: Results) -> str:
    lines = [f"- {one['title']}, {one['mode']}, {one['workload']}: not measured: {one['reason']}"
             for one in results.document.get("not_measured", [])]
    return "## Not measured\n\n" + "\n".join(lines) if lines else ""


def _failures(results: Results) -> str:
    lines: dict[str, int] = {}
    by_key: dict[tuple[str, str], Contender] = {(c.broker, c.mode): c for c in results.contenders}
    for measurement in results.document["measurements"]:
        label = by_key[measurement["broker"], measurement["mode"]].label
        for failure in measurement["failures"]:
            line = f"- {label}, {measurement['workload']}: {failure['reason']}"
            lines[line] = lines.get(line, 0) + 1
    return "## Failed\n\n" + "\n".join(f"{line} ({count}x)" for line, count in lines.items()) if lines else ""
