import unittest

import samples
from samples import DURABLE, LAZY, PAGE_CACHE, PUBSUB, SYNCING
from suite import goals, report

ONE = "publish/size:1024/producers:1/partitions:1"
MANY = "publish/size:1024/producers:1/partitions:1000"
FAN = "fan/transport:tcp/subscribers:100/closed"


def per_s(rate):
    return {"records_per_s": rate}


def outcome(results, goal_begin, workload=None):
    """The only verdict on the goal that begins so."""
    (found,) = [v for v in goals.evaluate(results) if v.goal.startswith(goal_begin) and workload in (None, v.workload)]
    return found


class Publishing(unittest.TestCase):
    def evaluate(self, durable, syncing, lazy, page_cache=0.0):
        return samples.results({ONE: "publish"}, {(ONE, DURABLE): per_s(durable), (ONE, PAGE_CACHE): per_s(page_cache),
                                                  (ONE, SYNCING): per_s(syncing), (ONE, LAZY): per_s(lazy)})

    def test_twice_a_syncing_peer_is_enough(self):
        verdict = outcome(self.evaluate(200, 100, 0.1), "durable publish at least 2x")
        self.assertTrue(verdict.is_met)
        self.assertEqual(verdict.ratio, 2.0)

    def test_less_than_twice_is_not(self):
        self.assertFalse(outcome(self.evaluate(199, 100, 0.1), "durable publish at least 2x").is_met)

    def test_as_fast_as_a_peer_that_does_not_sync_is_not_ahead_of_it(self):
        self.assertFalse(outcome(self.evaluate(100, 1, 100), "durable publish ahead").is_met)
        self.assertTrue(outcome(self.evaluate(101, 1, 100), "durable publish ahead").is_met)

    def test_the_page_cache_competes_with_the_fastest_of_all(self):
        self.assertFalse(outcome(self.evaluate(1, 150, 100, page_cache=250), "page-cache publish").is_met)
        self.assertTrue(outcome(self.evaluate(1, 150, 100, page_cache=300), "page-cache publish").is_met)

    def test_without_the_peer_nothing_is_claimed(self):
        results = samples.results({ONE: "publish"}, {(ONE, DURABLE): per_s(1000)})
        self.assertIsNone(outcome(results, "durable publish at least 2x").is_met)


class Spreads(unittest.TestCase):
    def evaluate(self, durable, syncing):
        results = samples.results({ONE: "publish"}, {})
        for contender, rates in ((DURABLE, durable), (SYNCING, syncing)):
            for number, rate in enumerate(rates, 1):
                results.add(number, ONE, contender, samples.Sample(per_s(rate)))
        return results

    def test_a_round_on_the_other_side_of_the_line_is_told(self):
        verdict = outcome(self.evaluate((199, 210, 220), (100, 100, 100)), "durable publish at least 2x")
        self.assertTrue(verdict.is_met)
        self.assertTrue(verdict.is_close)
        self.assertIn("met, within the spread", report.render(self.evaluate((199, 210, 220), (100, 100, 100))))

    def test_rounds_that_agree_are_not_close(self):
        self.assertFalse(outcome(self.evaluate((210, 220), (100, 104)), "durable publish at least 2x").is_close)

    def test_a_goal_is_not_met_where_a_round_of_leat_failed(self):
        results = self.evaluate((300, 310), (100, 100))
        results.fail(3, ONE, DURABLE, "no acknowledgement arrives")
        self.assertFalse(outcome(results, "durable publish at least 2x").is_met)
        self.assertIn("(2 of 3)", report.render(results))


class Latency(unittest.TestCase):
    def test_less_is_better(self):
        name = "e2e/rate:1000"
        results = samples.results({name: "e2e"}, {(name, DURABLE): {"latency_us_p50": 90.0}, (name, SYNCING): {"latency_us_p50": 100.0},
                                                  (name, LAZY): {"latency_us_p50": 80.0}})
        self.assertTrue(outcome(results, "end-to-end p50, durable, under every peer's that syncs").is_met)
        self.assertFalse(outcome(results, "end-to-end p50, durable, under every peer's that does not sync").is_met)


class FanOut(unittest.TestCase):
    def test_only_closed_loops_over_tcp_are_compared_with_redis(self):
        fixed = "fan/transport:tcp/subscribers:100/deliveries_per_s:20000"
        results = samples.results({FAN: "fan", fixed: "fan"}, {
            (FAN, DURABLE): {"deliveries_per_s": 150.0}, (FAN, PUBSUB): {"deliveries_per_s": 100.0},
            (fixed, DURABLE): {"deliveries_per_s": 1.0}, (fixed, PUBSUB): {"deliveries_per_s": 1.0}})
        self.assertTrue(outcome(results, "fan-out").is_met)


class Scaling(unittest.TestCase):
    def evaluate(self, many):
        results = samples.results({ONE: "publish", MANY: "publish"}, {(ONE, DURABLE): per_s(100), (MANY, DURABLE): per_s(many)})
        return outcome(results, "1,000 partitions").is_met

    def test_seven_tenths_of_one_partition_are_asked_for(self):
        self.assertTrue(self.evaluate(70))
        self.assertFalse(self.evaluate(69))

    def test_records_that_are_spread_are_held_to_the_same(self):
        spread = MANY + "/spread"
        results = samples.results({ONE: "publish", spread: "publish"}, {(ONE, DURABLE): per_s(100), (spread, DURABLE): per_s(69)})
        self.assertFalse(outcome(results, "1,000 partitions", spread).is_met)

    def test_recovery_of_a_quick_run_is_not_judged(self):
        name = "recovery/log:10GB"
        figures = {(name, DURABLE): {"recovery_s": 1.0}}
        self.assertTrue(outcome(samples.results({name: "recovery"}, figures), "recovery").is_met)
        self.assertIsNone(outcome(samples.results({name: "recovery"}, figures, is_quick=True), "recovery").is_met)

    def test_a_recovery_that_was_slow_once_is_told(self):
        name = "recovery/log:10GB"
        results = samples.results({name: "recovery"}, {(name, DURABLE): {"recovery_s": 0.5}})
        results.add(2, name, DURABLE, samples.Sample({"recovery_s": 6.5}))
        verdict = outcome(results, "recovery")
        self.assertTrue(verdict.is_met)
        self.assertTrue(verdict.is_close)

    def test_memory_that_grows_with_the_log_is_not_flat(self):
        for peak, is_flat in ((110e6, True), (200e6, False)):
            figures = {("recovery/log:1GB", DURABLE): {"publish_peak_memory_bytes": 100e6},
                       ("recovery/log:10GB", DURABLE): {"publish_peak_memory_bytes": peak}}
            results = samples.results({"recovery/log:1GB": "recovery", "recovery/log:10GB": "recovery"}, figures)
            self.assertEqual(outcome(results, "daemon memory").is_met, is_flat)


class Report(unittest.TestCase):
    def setUp(self):
        self.results = samples.results({ONE: "publish"}, {(ONE, DURABLE): per_s(150_000), (ONE, SYNCING): per_s(100_000)})
        self.results.add(2, ONE, DURABLE, samples.Sample(per_s(170_000), samples.usage(1.0)))
        self.results.fail(1, ONE, LAZY, "connection refused")
        self.text = report.render(self.results)

    def test_figures_have_their_spread(self):
        self.assertIn("160,000 [150,000..170,000]", self.text)

    def test_neighbours_leave_a_mark(self):
        self.assertIn("170,000] " + report.DISTURBED, self.text)

    def test_what_failed_and_what_was_skipped_is_said(self):
        self.assertIn("- Redis Streams, everysec, " + ONE + ": connection refused (1x)", self.text)
        self.assertIn("- Iggy: skipped, it is not there", self.text)

    def test_what_was_not_asked_for_has_its_reason(self):
        self.results.document["not_measured"] = [
            {"workload": MANY, "broker": "redis", "title": "Redis Streams", "mode": "always", "reason": "too many"}]
        self.assertIn(f"- Redis Streams, always, {MANY}: not measured: too many", report.render(self.results))

    def test_the_verdicts_come_with_their_figures(self):
        self.assertIn(f"| {ONE} | 160,000 | Redis Streams, always: 100,000 | 1.60 | **not met** |", self.text)

    def test_every_row_of_a_table_has_as_many_cells_as_its_head(self):
        width = 0
        for line in self.text.splitlines():
            cells = line.count(" | ") if line.startswith("| ") else 0
            if cells and width:
                self.assertEqual(cells, width, line)
            width = cells


if __name__ == "__main__":
    unittest.main()
