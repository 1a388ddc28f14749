import unittest

from suite import micro


def run(name, time_ns, **more):
    return {"name": name, "run_name": name, "run_type": "iteration", "cpu_time": time_ns, "time_unit": "ns", **more}


class MicroReport(unittest.TestCase):
    def render(self, *runs):
        return micro.render({"context": {"date": "today", "num_cpus": 2, "mhz_per_cpu": 2800, "load_avg": [0.5]}, "benchmarks": list(runs)})

    def test_repetitions_are_one_row(self):
        text = self.render(run("crc", 100.0, bytes_per_second=2e9), run("crc", 300.0, bytes_per_second=1e9), run("crc", 200.0, bytes_per_second=3e9))
        self.assertIn("| crc | 200 [100..300] | 2,000 |  |", text)

    def test_aggregates_do_not_count_twice(self):
        text = self.render(run("crc", 100.0), run("crc", 150.0, run_type="aggregate", aggregate_name="median"))
        self.assertIn("| crc | 100 |", text)

    def test_only_aggregates_are_their_median(self):
        text = self.render(run("crc", 150.0, run_type="aggregate", aggregate_name="median"),
                           run("crc", 9.0, run_type="aggregate", aggregate_name="stddev"))
        self.assertIn("| crc | 150 |", text)


if __name__ == "__main__":
    unittest.main()
