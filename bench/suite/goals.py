"""What leat is meant to reach, computed from one run's results: each goal for each workload, with the figures behind the verdict.

Like is compared with like: durable with peers that sync before they acknowledge, the page cache with those that don't, unless the goal
says more.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

from suite.results import Contender, Results, Spread

DURABLE, PAGE_CACHE = ("leat", "durable"), ("leat", "page cache")
PARTITIONS_SHARE_MIN = 0.70
RECOVERY_S_MAX = 5.0
# A tenfold log may not take more than this times the memory.
MEMORY_GROWTH_MAX = 1.25


@dataclasses.dataclass(frozen=True)
class Verdict:
    """`is_met` is None where the run does not have the figures; `compared` then says what is missing. `is_close`: the medians say so, but
    not every round of leat against every round of the peer does."""

    goal: str
    workload: str
    figure: str
    compared: str
    ratio: float | None
    is_met: bool | None
    is_close: bool = False


@dataclasses.dataclass(frozen=True)
class Rule:
    """leat in one mode against the best of some peers in one figure."""

    goal: str
    kind: str
    mode: tuple[str, str]
    metric: str
    peers: Callable[[Contender], bool]
    # leat's figure over the best peer's must be at least `ratio_min`, or below 1 where less is better.
    ratio_min: float = 1.0
    less_is_better: bool = False
    only: Callable[[str], bool] = lambda name: True

    def reaches(self, own: float, theirs: float) -> bool:
        if self.less_is_better:
            return own < theirs
        return own >= self.ratio_min * theirs if self.ratio_min > 1 else own > theirs


def logged(peer: Contender) -> bool:
    return peer.is_logged


def syncing(peer: Contender) -> bool:
    return peer.is_logged and peer.syncs


def not_syncing(peer: Contender) -> bool:
    return peer.is_logged and not peer.syncs


def redis_pubsub(peer: Contender) -> bool:
    return peer.broker == "redis-pubsub"


def closed_tcp(name: str) -> bool:
    return name.startswith("fan/transport:tcp/") and name.endswith("/closed")


def _rules() -> Iterator[Rule]:
    per_s, cpu = "records_per_s", "server_cpu_s_per_million"
    yield Rule("durable publish at least 2x the fastest peer that syncs", "publish", DURABLE, per_s, syncing, 2.0)
    yield Rule("durable publish ahead of every peer that does not sync", "publish", DURABLE, per_s, not_syncing)
    yield Rule("page-cache publish at least 2x the fastest peer", "publish", PAGE_CACHE, per_s, logged, 2.0)
    yield Rule("catch-up at least 2x the fastest peer", "catch-up", DURABLE, per_s, logged, 2.0)
    for percentile in ("p50", "p99"):
        metric = f"latency_us_{percentile}"
        yield Rule(f"end-to-end {percentile}, durable, under every peer's that syncs", "e2e", DURABLE, metric, syncing, less_is_better=True)
        yield Rule(f"end-to-end {percentile}, page cache, under every peer's", "e2e", PAGE_CACHE, metric, logged, less_is_better=True)
        yield Rule(f"end-to-end {percentile}, durable, under every peer's that does not sync", "e2e", DURABLE, metric, not_syncing,
                   less_is_better=True)
    yield Rule("fan-out at least 1.5x Redis pub/sub over TCP", "fan", DURABLE, "deliveries_per_s", redis_pubsub, 1.5, only=closed_tcp)
    for kind in ("publish", "catch-up", "e2e"):
        for mode in (DURABLE, PAGE_CACHE) if kind != "catch-up" else (DURABLE,):
            yield Rule(f"processor time per record below every peer's, {kind}, {mode[1]}", kind, mode, cpu, logged, less_is_better=True)


def evaluate(results: Results) -> list[Verdict]:
    verdicts = [verdict for rule in _rules() for verdict in _apply(rule, results)]
    return verdicts + _partitions(results) + _recovery(results) + _memory(results)


def contender(results: Results, key: tuple[str, str]) -> Contender | None:
    return next((c for c in results.contenders if (c.broker, c.mode) == key), None)


def best_of(results: Results, workload: str, peers: Iterable[Contender], metric: str, less_is_better: bool) -> tuple[Contender, Spread] | None:
    found = [(peer, spread) for peer in peers if (spread := results.get(workload, peer, metric))]
    if not found:
        return None
    return (min if less_is_better else max)(found, key=lambda pair: pair[1].median)


def _apply(rule: Rule, results: Results) -> Iterator[Verdict]:
    leat = contender(results, rule.mode)
    peers = [c for c in results.contenders if c.broker != "leat" and rule.peers(c)]
    if leat is None or not peers:
        return
    for workload in results.workloads(rule.kind):
        if rule.only(workload):
            yield _compare(rule, results, workload, leat, peers)


def _compare(rule: Rule, results: Results, workload: str, leat: Contender, peers: Sequence[Contender]) -> Verdict:
    own = results.get(workload, leat, rule.metric)
    best = best_of(results, workload, peers, rule.metric, rule.less_is_better)
    if own is None:
        return Verdict(rule.goal, workload, "-", "leat was not measured", None, None)
    if best is None:
        return Verdict(rule.goal, workload, number(own.median), "no such peer was measured", None, None)
    peer, theirs = best
    return _judge(results, leat, rule.goal, workload, own, theirs, f"{peer.label}: {number(theirs.median)}", rule.reaches, rule.less_is_better)


def _judge(results: Results, leat: Contender, goal: str, workload: str, own: Spread, theirs: Spread, compared: str,
           reaches: Callable[[float, float], bool], less_is_better: bool = False) -> Verdict:
    """By the medians. Not met where a round of leat failed, and close where leat's worst round against the hardest of the others comes out
    otherwise than its best against their easiest."""
    ratio = own.median / theirs.median if theirs.median > 0 else None
    if failed := results.failed_rounds(workload, leat):
        return Verdict(goal, workload, f"{number(own.median)}, failed in {failed}", compared, ratio, False)
    extremes = [(own.minimum, theirs.maximum), (own.maximum, theirs.minimum)]
    if less_is_better:
        extremes = [(own.maximum, theirs.minimum), (own.minimum, theirs.maximum)]
    is_close = reaches(*extremes[0]) != reaches(*extremes[1])
    return Verdict(goal, workload, number(own.median), compared, ratio, reaches(own.median, theirs.median), is_close)


def _partitions(results: Results) -> list[Verdict]:
    goal = "1,000 partitions at no less than 70 % of one partition's durable throughput"
    leat = contender(results, DURABLE)
    pairs = [(name, name.removesuffix("/spread").removesuffix(":1000") + ":1") for name in results.workloads("publish")
             if name.removesuffix("/spread").endswith("/partitions:1000")]
    if "partitions/1000" in results.workloads("partitions"):
        pairs.append(("partitions/1000", "partitions/1"))
    found = []
    for many, one in pairs if leat else []:
        over, under = (results.get(name, leat, "records_per_s") for name in (many, one))
        if over is None or under is None:
            found.append(Verdict(goal, many, "-", "one of the two was not measured", None, None))
            continue
        found.append(_judge(results, leat, goal, many, over, under, f"one partition: {number(under.median)}",
                            lambda over, under: over >= PARTITIONS_SHARE_MIN * under))
    return found


def _recovery(results: Results) -> list[Verdict]:
    goal, name = "recovery in less than 5 s for 10 GB", "recovery/log:10GB"
    found = []
    for key in (DURABLE, PAGE_CACHE):
        leat = contender(results, key)
        seconds = results.get(name, leat, "recovery_s") if leat else None
        if leat is None or seconds is None:
            continue
        if results.document["is_quick"]:
            found.append(Verdict(goal, f"{name}, {key[1]}", number(seconds.median), "a quick run has a tenth of the log", None, None))
            continue
        limit = Spread(RECOVERY_S_MAX, RECOVERY_S_MAX, RECOVERY_S_MAX, 1)
        verdict = _judge(results, leat, goal, name, seconds, limit, "5 s", lambda own, most: own < most, less_is_better=True)
        found.append(dataclasses.replace(verdict, workload=f"{name}, {key[1]}"))
    return found


def _memory(results: Results) -> list[Verdict]:
    goal, small, large = "daemon memory flat while the log grows tenfold", "recovery/log:1GB", "recovery/log:10GB"
    found = []
    for key in (DURABLE, PAGE_CACHE):
        leat = contender(results, key)
        peaks = [results.get(name, leat, "publish_peak_memory_bytes") if leat else None for name in (small, large)]
        before, after = peaks
        if before is None or after is None:
            continue
        ratio = after.median / before.median
        found.append(Verdict(goal, f"recovery/log:*, {key[1]}", f"{after.median / 1e6:.0f} MB", f"a tenth of the log: {before.median / 1e6:.0f} MB",
                             ratio, ratio <= MEMORY_GROWTH_MAX))
    return found


def number(value: float) -> str:
    """Three digits at least, and no more than a reader takes in."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"
