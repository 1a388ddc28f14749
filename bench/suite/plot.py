"""SVG charts of one run's results. The only module that needs matplotlib."""
from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence

import matplotlib

matplotlib.use("svg")
# Text stays text: it can be searched and read out. Ids do not change from one drawing to the next.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "leat", "font.size": 9, "axes.spines.top": False,
                            "axes.spines.right": False, "axes.axisbelow": True})

from matplotlib import pyplot  # noqa: E402  the backend is chosen before
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

from suite.results import Contender, Results  # noqa: E402

ROW_INCHES = 0.26
WIDTH_INCHES = 9.0
LEAT_COLOUR, SYNCS_COLOUR, OTHER_COLOUR = "#c2410c", "#475569", "#94a3b8"
PERCENTILES = (("p50", "o"), ("p99", "s"), ("p999", "D"))
PERCENTILE_COLOURS = {"p50": "#0f766e", "p99": "#b45309", "p999": "#9f1239"}
PERCENTILE_NAMES = {"p50": "p50", "p99": "p99", "p999": "p99.9"}


def draw(results: Results, into: pathlib.Path, stem: str) -> list[pathlib.Path]:
    """The charts for which there are figures."""
    into.mkdir(parents=True, exist_ok=True)
    charts: list[tuple[str, Callable[[Results], Figure | None]]] = [
        ("publish", lambda r: _bars(r, "publish", "records_per_s", "records/s", "Publish")),
        ("catch-up", lambda r: _bars(r, "catch-up", "records_per_s", "records/s", "Catch-up read")),
        ("fan", lambda r: _bars(r, "fan", "deliveries_per_s", "deliveries/s", "Fan-out", lambda name: name.endswith("/closed"))),
        ("cpu", lambda r: _bars(r, "publish", "server_cpu_s_per_million", "server's processor seconds per million records", "Publish: processor time")),
        ("latency", lambda r: _percentiles(r, "e2e", "latency_us", "End to end")),
        ("ack", lambda r: _percentiles(r, "ack", "ack_us", "Acknowledgement")),
        ("fan-latency", lambda r: _percentiles(r, "fan", "latency_us", "Fan-out at a fixed rate", lambda name: "deliveries_per_s" in name)),
        ("partitions", lambda r: _scaling(r, "partitions", "partitions, filled by batches", lambda name: not name.endswith("/spread"))),
        ("partitions-spread", lambda r: _scaling(r, "partitions", "partitions, each record in the next", lambda name: name.endswith("/spread"))),
        ("connections", lambda r: _scaling(r, "connections", "idle connections", lambda name: True)),
    ]
    written = []
    for name, chart in charts:
        figure = chart(results)
        if figure is None:
            continue
        path = into / f"{stem}-{name}.svg"
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
        written.append(path)
    return written


def colour(contender: Contender) -> str:
    if contender.broker == "leat":
        return LEAT_COLOUR
    return SYNCS_COLOUR if contender.syncs else OTHER_COLOUR


def readable(value: float, _position: object = None) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def _measured(results: Results, workload: str, metric: str) -> list[Contender]:
    return [c for c in results.contenders if results.get(workload, c, metric)]


Panel = tuple[Axes, str, list[Contender]]


def _panels(results: Results, kind: str, metric: str, only: Callable[[str], bool]) -> tuple[Figure, list[Panel]] | None:
    """One panel a workload below the other, as high as it has rows."""
    rows = [(name, found) for name in results.workloads(kind) if only(name) and (found := _measured(results, name, metric))]
    if not rows:
        return None
    heights = [len(found) + 2.2 for _, found in rows]
    figure, axes = pyplot.subplots(len(rows), 1, figsize=(WIDTH_INCHES, sum(heights) * ROW_INCHES + 0.9), squeeze=False, layout="constrained",
                                   gridspec_kw={"height_ratios": heights})
    panels = []
    for axis, (name, found) in zip(axes[:, 0], rows):
        axis.set_title(name, loc="left", fontsize=9, fontweight="bold")
        axis.set_yticks(range(len(found)), [c.label for c in found])
        axis.set_ylim(len(found) - 0.4, -0.6)
        axis.grid(axis="x", color="#e2e8f0", linewidth=0.6)
        panels.append((axis, name, found))
    return figure, panels


def _bars(results: Results, kind: str, metric: str, unit: str, title: str, only: Callable[[str], bool] = lambda name: True) -> Figure | None:
    made = _panels(results, kind, metric, only)
    if made is None:
        return None
    figure, panels = made
    for axis, workload, contenders in panels:
        spreads = [results.get(workload, c, metric) for c in contenders]
        found = [spread for spread in spreads if spread is not None]
        medians = [spread.median for spread in found]
        errors = [[spread.median - spread.minimum for spread in found], [spread.maximum - spread.median for spread in found]]
        axis.barh(range(len(found)), medians, xerr=errors, color=[colour(c) for c in contenders], height=0.68,
                  error_kw={"linewidth": 0.8, "capsize": 2, "ecolor": "#111827"})
        top = max(spread.maximum for spread in found)
        for row, spread in enumerate(found):
            axis.text(spread.maximum + top * 0.012, row, readable(spread.median), va="center", fontsize=8)
        axis.set_xlim(0, top * 1.1)
        axis.xaxis.set_major_formatter(FuncFormatter(readable))
    panels[-1][0].set_xlabel(f"{unit}; medians, lines span least to most")
    legend = ((LEAT_COLOUR, "leat"), (SYNCS_COLOUR, "syncs, then acknowledges"), (OTHER_COLOUR, "does not"))
    figure.legend(handles=[pyplot.Rectangle((0, 0), 1, 1, color=shade, label=label) for shade, label in legend], loc="upper right", ncols=3,
                  frameon=False, borderaxespad=0.2)
    _finish(figure, title)
    return figure


def _percentiles(results: Results, kind: str, metric: str, title: str, only: Callable[[str], bool] = lambda name: True) -> Figure | None:
    made = _panels(results, kind, f"{metric}_p50", only)
    if made is None:
        return None
    figure, panels = made
    for axis, workload, contenders in panels:
        for row, contender in enumerate(contenders):
            found = [(name, mark, spread.median) for name, mark in PERCENTILES if (spread := results.get(workload, contender, f"{metric}_{name}"))]
            axis.plot([value for *_, value in found], [row] * len(found), color="#cbd5e1", linewidth=1.5, zorder=1)
            for name, mark, value in found:
                axis.scatter([value], [row], marker=mark, s=26, color=PERCENTILE_COLOURS[name], zorder=2)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(readable))
        axis.tick_params(axis="x", which="minor", labelbottom=False)
    handles = [pyplot.Line2D([], [], marker=mark, linestyle="", color=PERCENTILE_COLOURS[name], label=PERCENTILE_NAMES[name])
               for name, mark in PERCENTILES]
    figure.legend(handles=handles, loc="upper right", ncols=3, frameon=False, borderaxespad=0.2)
    panels[-1][0].set_xlabel("microseconds (logarithmic)")
    _finish(figure, f"{title}: latency, medians of the percentiles of all rounds")
    return figure


def _scaling(results: Results, kind: str, against: str, only: Callable[[str], bool]) -> Figure | None:
    metrics = (("records_per_s", "records/s", 1.0), ("idle_memory_bytes", "idle memory of the server (MB)", 1e-6),
               ("peak_memory_bytes", "peak memory of the server (MB)", 1e-6))
    workloads = [name for name in results.workloads(kind) if only(name)]
    contenders = [c for c in results.contenders if any(results.get(name, c, "records_per_s") for name in workloads)]
    if not contenders:
        return None
    figure, axes = pyplot.subplots(1, len(metrics), figsize=(WIDTH_INCHES + 2, 3.4), layout="constrained")
    for axis, (metric, label, scale) in zip(axes, metrics):
        for contender, style in zip(contenders, ("-o", "--s", ":D", "-.^")):
            _line(axis, results, workloads, contender, metric, scale, style)
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel(f"{against} (logarithmic)")
        axis.set_ylabel(label)
        axis.xaxis.set_major_formatter(FuncFormatter(readable))
        axis.yaxis.set_major_formatter(FuncFormatter(readable))
        axis.grid(color="#e2e8f0", linewidth=0.6)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper right", ncols=len(labels), frameon=False, borderaxespad=0.2)
    _finish(figure, f"Publishing 1 KiB records with one producer against {against}; bands span least to most")
    return figure


def _line(axis: Axes, results: Results, workloads: Sequence[str], contender: Contender, metric: str, scale: float, style: str) -> None:
    points = [(float(name.split("/")[1]), spread) for name in workloads if (spread := results.get(name, contender, metric))]
    xs = [x for x, _ in points]
    (line,) = axis.plot(xs, [spread.median * scale for _, spread in points], style, label=contender.label, linewidth=1.4, markersize=4)
    axis.fill_between(xs, [spread.minimum * scale for _, spread in points], [spread.maximum * scale for _, spread in points], alpha=0.15,
                      color=line.get_color(), linewidth=0)


def _finish(figure: Figure, title: str) -> None:
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
