import types
import unittest
from unittest import mock

from suite import measure
from suite.load import LoadFailed
from suite.measure import Sizes
from suite.workloads import Kind, Workload

CLOSED = Workload("fan/closed", Kind.FAN, seconds=4.0, subscribers=10)


class Load:
    """Delivers as fast as it is told for each number of records under way, and remembers what was asked."""

    def __init__(self, rates):
        self._rates = rates
        self.asked = []

    def create_topic(self, topic, partitions):
        pass

    def run(self, kind, topic, options, transport="tcp"):
        self.asked.append(options.in_flight)
        return {"deliveries_per_s": self._rates[options.in_flight]}


def session(load, broker="redis-pubsub"):
    return types.SimpleNamespace(load=load, broker=types.SimpleNamespace(name=broker), mode=types.SimpleNamespace(name="memory"))


class FanInFlight(unittest.TestCase):
    def test_each_broker_gets_what_suits_it(self):
        sizes = Sizes()
        few, many = Load({16: 3.0, 64: 2.0, 200: 1.0, 1000: 1.0}), Load({16: 1.0, 64: 2.0, 200: 3.0, 1000: 1.0})
        self.assertEqual(measure.fastest_in_flight(session(few), CLOSED, sizes), 16)
        self.assertEqual(measure.fastest_in_flight(session(many, "leat"), CLOSED, sizes), 200)

    def test_what_was_found_is_kept_for_the_other_rounds(self):
        sizes, load = Sizes(), Load({16: 1.0, 64: 3.0, 200: 2.0, 1000: 1.0})
        for _ in range(3):
            self.assertEqual(measure.fastest_in_flight(session(load), CLOSED, sizes), 64)
        self.assertEqual(load.asked, [16, 64, 200, 1000])


class Publisher:
    """Publishes at a rate for each linger; its first run on a new topic takes ten times as long."""

    def __init__(self, rates):
        self._rates = rates
        self.asked = []
        self._is_new = True

    def create_topic(self, topic, partitions):
        self._is_new = True

    def run(self, kind, topic, options, transport="tcp"):
        self.asked.append(options)
        rate = self._rates[options.linger_ms] / (10 if self._is_new else 1)
        self._is_new = False
        return {"records_per_s": rate, "seconds": options.records / rate}


PUBLISHING = Workload("publish", Kind.PUBLISH, records=12_000_000, size_bytes=100)


class Sizing(unittest.TestCase):
    def find(self, rates, seconds=3.0, workload=PUBLISHING):
        load, sizes = Publisher(rates), Sizes()
        made = session(load)
        made.broker.lingers_ms = lambda workload: tuple(rates)
        measure.find_size(made, workload, sizes, seconds)
        return load, sizes, measure.key_of(made, workload)

    def test_a_run_takes_as_long_as_was_asked_for(self):
        _, sizes, key = self.find({None: 100_000.0})
        self.assertEqual(sizes.found[key], 300_000)

    def test_a_fast_broker_gets_no_more_than_the_workload_has(self):
        _, sizes, key = self.find({None: 1e8})
        self.assertEqual(sizes.found[key], PUBLISHING.records)

    def test_the_pilot_has_more_records_than_may_be_under_way_and_takes_its_time(self):
        load, _, _ = self.find({None: 1_000_000.0})
        self.assertGreaterEqual(load.asked[0].records, 5_000)
        self.assertGreaterEqual(load.asked[-1].records, 500_000)

    def test_the_faster_linger_is_kept(self):
        _, sizes, key = self.find({0.3: 100_000.0, 1.0: 200_000.0})
        self.assertEqual(sizes.linger_ms[key], 1.0)
        self.assertEqual(sizes.found[key], 600_000)

    def test_a_later_round_publishes_for_a_moment_and_keeps_what_was_found(self):
        load, sizes = Publisher({None: 100_000.0}), Sizes()
        made = session(load)
        made.broker.lingers_ms = lambda workload: (None,)
        measure.find_size(made, PUBLISHING, sizes, 3.0)
        load.asked.clear()
        measure.find_size(made, PUBLISHING, sizes, 3.0)
        self.assertEqual([options.records for options in load.asked], [50_000])
        self.assertEqual(sizes.found[measure.key_of(made, PUBLISHING)], 300_000)

    def test_what_was_too_short_is_asked_for_again_with_more(self):
        self.assertEqual(measure.grown(1000, took_s=0.3, wanted_s=3.0, records_max=10**6), 10_000)
        self.assertEqual(measure.grown(1000, took_s=0.3, wanted_s=3.0, records_max=2000), 2000)
        self.assertEqual(measure.grown(1000, took_s=2.0, wanted_s=3.0, records_max=10**6), 1000)
        self.assertEqual(measure.grown(1000, took_s=0.0, wanted_s=3.0, records_max=10**6), 10_000)


AT_A_RATE = Workload("e2e/rate:1000", Kind.E2E, records=12_000, rate=1000.0)


class Timekeeper:
    """Has a rate that it keeps and a median for each linger, or fails."""

    def __init__(self, outcomes):
        self._outcomes = outcomes
        self.asked = []

    def run(self, kind, topic, options, transport="tcp", timeout_s=0):
        self.asked.append(options.linger_ms)
        rate, median = self._outcomes[options.linger_ms]
        if rate == 0.0:
            raise LoadFailed("nothing arrives")
        return {"records_per_s": rate, "latency_us": {"p50": median}}


class Linger(unittest.TestCase):
    def choose(self, outcomes):
        load, sizes = Timekeeper(outcomes), Sizes()
        made = session(load)
        made.broker.lingers_ms = lambda workload: tuple(outcomes)
        first = measure.quickest_linger(made, AT_A_RATE, sizes)
        self.assertEqual(measure.quickest_linger(made, AT_A_RATE, sizes), first)
        return first, load.asked

    def test_the_lowest_median_at_the_rate_is_kept(self):
        self.assertEqual(self.choose({None: (1000.0, 500.0), 0.0: (1000.0, 200.0), 1.0: (1000.0, 900.0)}), (0.0, [None, 0.0, 1.0]))

    def test_who_falls_behind_or_fails_is_not_the_quickest(self):
        self.assertEqual(self.choose({0.0: (700.0, 10.0), 0.3: (0.0, 0.0), 1.0: (990.0, 900.0)})[0], 1.0)
        self.assertEqual(self.choose({0.0: (0.0, 0.0), 1.0: (500.0, 900.0)})[0], 1.0)

    def test_where_there_is_no_choice_nothing_is_tried(self):
        self.assertEqual(self.choose({None: (1000.0, 1.0)}), (None, []))


class Reader:
    """Reads in `looks` looks what is there, then has its figures."""

    def __init__(self, looks):
        self._looks = looks
        self.is_stopped = False

    def is_running(self):
        self._looks -= 1
        return self._looks >= 0

    def figures(self, timeout_s):
        return {"records": 10.0, "seconds": 2.0}

    def stop(self):
        self.is_stopped = True


class Reading(unittest.TestCase):
    def read(self, looks, each):
        """With others at work for so many looks, and readers that take so many each."""
        readers = []

        def start(kind, topic, options):
            readers.append(Reader(each))
            return readers[-1]

        left = [looks]

        def goes_on():
            left[0] -= 1
            return left[0] >= 0

        made = session(types.SimpleNamespace(start=start))
        with mock.patch.object(measure.time, "sleep"):
            return measure.read_while(made, goes_on, 10), readers

    def test_it_is_read_once_at_least(self):
        values, readers = self.read(looks=0, each=100)
        self.assertEqual(values, {"catch_up_records": 10.0, "catch_up_seconds": 2.0, "catch_up_records_per_s": 5.0})
        self.assertEqual(len(readers), 1)

    def test_again_while_others_are_at_work_and_what_is_cut_short_does_not_count(self):
        values, readers = self.read(looks=16, each=8)
        self.assertEqual(values["catch_up_records"], 10.0 * (len(readers) - 1))
        self.assertGreater(len(readers), 2)
        self.assertTrue(all(reader.is_stopped for reader in readers))


class Arguments(unittest.TestCase):
    def test_spread_is_a_flag_and_the_linger_a_number(self):
        workload = Workload("publish/spread", Kind.PUBLISH, records=10, partitions=2, is_spread=True)
        self.assertEqual(measure.publishing(workload, 10, linger_ms=0.3).arguments(),
                         ["--records", "10", "--warmup", "0", "--size", "1024", "--producers", "1", "--linger-ms", "0.3", "--spread"])
        self.assertNotIn("--spread", measure.publishing(PUBLISHING, 10).arguments())


if __name__ == "__main__":
    unittest.main()
