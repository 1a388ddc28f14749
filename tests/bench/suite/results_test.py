import json
import pathlib
import tempfile
import unittest

import samples
from suite.measure import Sample, flatten
from suite.results import Results, Spread, spread

NAME = "publish/size:100/producers:1/partitions:1"


class Spreads(unittest.TestCase):
    def test_of_an_odd_number_the_one_in_the_middle(self):
        self.assertEqual(spread([30, 10, 20]), Spread(20, 10, 30, 3))

    def test_of_an_even_number_between_the_two_in_the_middle(self):
        self.assertEqual(spread([1, 2, 10, 4]).median, 3)

    def test_one_bad_run_does_not_move_the_median(self):
        self.assertEqual(spread([100, 101, 3, 102, 99]).median, 100)

    def test_there_is_none_of_nothing(self):
        with self.assertRaises(ValueError):
            spread([])


class Collected(unittest.TestCase):
    def setUp(self):
        self.results = samples.results({NAME: "publish"}, {})

    def test_summary_is_over_all_samples(self):
        for round_number, rate in enumerate((5.0, 7.0, 6.0), 1):
            self.results.add(round_number, NAME, samples.DURABLE, Sample({"records_per_s": rate}))
        self.assertEqual(self.results.get(NAME, samples.DURABLE, "records_per_s"), Spread(6, 5, 7, 3))

    def test_modes_of_a_broker_are_kept_apart(self):
        self.results.add(1, NAME, samples.DURABLE, Sample({"records_per_s": 1.0}))
        self.assertIsNone(self.results.get(NAME, samples.PAGE_CACHE, "records_per_s"))

    def test_a_failure_is_no_figure(self):
        self.results.fail(1, NAME, samples.LAZY, "no")
        self.assertIsNone(self.results.get(NAME, samples.LAZY, "records_per_s"))
        self.assertEqual(self.results.workloads("publish"), [NAME])

    def test_neighbours_that_take_the_machine_are_noticed(self):
        for foreign in (0.0, 1.0, 1.0):
            self.results.add(1, NAME, samples.DURABLE, Sample({}, samples.usage(foreign)))
        self.results.add(1, NAME, samples.LAZY, Sample({}, samples.usage(0.1)))
        self.assertTrue(self.results.is_disturbed(NAME, samples.DURABLE))
        self.assertFalse(self.results.is_disturbed(NAME, samples.LAZY))

    def test_what_is_written_is_read_again(self):
        self.results.add(1, NAME, samples.DURABLE, Sample({"records_per_s": 1.0}, samples.usage(0)))
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "deep" / "run.json"
            self.results.write(path)
            self.assertEqual(Results.read(path).document, self.results.document)
            self.assertEqual([entry.name for entry in path.parent.iterdir()], ["run.json"])

    def test_other_files_are_refused_by_name(self):
        for other in (json.dumps({"benchmarks": []}), "[]", "no JSON", "", "[" * 100_000, json.dumps({"schema": 1})):
            with tempfile.TemporaryDirectory() as directory:
                path = pathlib.Path(directory) / "other.json"
                path.write_text(other, encoding="utf-8")
                with self.assertRaisesRegex(ValueError, "other.json: "):
                    Results.read(path)


class FiguresOfALoad(unittest.TestCase):
    def test_nested_figures_get_one_name(self):
        self.assertEqual(flatten({"records": 3, "ack_us": {"p50": 1.5}}, "tail_"), {"tail_records": 3.0, "tail_ack_us_p50": 1.5})


if __name__ == "__main__":
    unittest.main()
