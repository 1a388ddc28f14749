import types
import unittest

from suite import measure
from suite.measure import Sizes
from suite.workloads import Kind, Workload

CLOSED = Workload("fan/closed", Kind.FAN, seconds=4.0, subscribers=10)


class Load:
    """Delivers as fast as it is told for each number of records under way, and remembers what was asked."""

    def __init__(self, rates):
        self._rates = rates
        self.asked = []

    def run(self, kind, topic, options, transport="tcp"):
        self.asked.append(options.in_flight)
        return {"deliveries_per_s": self._rates[options.in_flight]}


def session(load, broker="redis-pubsub"):
    return types.SimpleNamespace(load=load, broker=types.SimpleNamespace(name=broker), mode=types.SimpleNamespace(name="memory"))


class FanInFlight(unittest.TestCase):
    def test_each_broker_gets_what_suits_it(self):
        sizes = Sizes()
        few, many = Load({16: 3.0, 64: 2.0, 200: 1.0}), Load({16: 1.0, 64: 2.0, 200: 3.0})
        self.assertEqual(measure.fastest_in_flight(session(few), CLOSED, sizes), 16)
        self.assertEqual(measure.fastest_in_flight(session(many, "leat"), CLOSED, sizes), 200)

    def test_what_was_found_is_kept_for_the_other_rounds(self):
        sizes, load = Sizes(), Load({16: 1.0, 64: 3.0, 200: 2.0})
        for _ in range(3):
            self.assertEqual(measure.fastest_in_flight(session(load), CLOSED, sizes), 64)
        self.assertEqual(load.asked, [16, 64, 200])


if __name__ == "__main__":
    unittest.main()
