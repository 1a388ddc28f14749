import unittest

from suite.brokers import Places, all_brokers
from suite.cli import ROOT
from suite.runner import entries, refused
from suite.workloads import Kind, UnknownWorkload, all_workloads, select

PLACES = Places(ROOT / "nowhere", ROOT / "bench" / "peers", ROOT / "nowhere")


def names(*patterns):
    return [w.name for w in select(all_workloads(), patterns)]


class Selection(unittest.TestCase):
    def test_no_pattern_is_everything(self):
        self.assertEqual(names(), [w.name for w in all_workloads()])

    def test_names_are_unique(self):
        self.assertEqual(len(set(names())), len(names()))

    def test_a_pattern_selects_in_declared_order(self):
        self.assertEqual(names("e2e/rate:50000", "e2e/rate:1000"), ["e2e/rate:1000", "e2e/rate:50000"])

    def test_wildcards_and_plain_prefixes(self):
        self.assertEqual(len(names("publish/*/partitions:1")), 6)
        self.assertEqual(len(names("publish")), 22)
        self.assertEqual(names("publish/size:100"), [name for name in names("publish") if "/size:100/" in name])

    def test_a_typing_error_is_not_an_empty_table(self):
        with self.assertRaisesRegex(UnknownWorkload, "publsh"):
            names("publish", "publsh")

    def test_quick_is_a_tenth_and_never_nothing(self):
        for workload in all_workloads():
            quick = workload.quick()
            self.assertEqual(quick.records, workload.records // 10)
            self.assertEqual(quick.rate, workload.rate)
            self.assertTrue(quick.records or quick.seconds or quick.log_bytes, workload.name)


class Who(unittest.TestCase):
    def measured(self, broker_name):
        plan = entries(all_brokers(PLACES), all_workloads())
        return [(entry.mode, w) for entry in plan if entry.broker.name == broker_name for w in entry.workloads]

    def test_only_leat_is_killed_and_only_leat_has_websockets(self):
        for broker in all_brokers(PLACES):
            kinds = {w.kind for _, w in self.measured(broker.name)}
            transports = {w.transport for _, w in self.measured(broker.name)}
            self.assertEqual(Kind.RECOVERY in kinds, broker.name == "leat")
            self.assertEqual("ws" in transports, broker.name == "leat")

    def test_what_keeps_nothing_only_fans_out(self):
        for name in ("redis-pubsub", "nats-core"):
            self.assertEqual({w.kind for _, w in self.measured(name)}, {Kind.FAN})

    def test_redis_has_no_cold_files_as_it_reads_from_memory(self):
        self.assertFalse([w for _, w in self.measured("redis") if w.is_cold])
        self.assertTrue([w for _, w in self.measured("kafka") if w.is_cold])

    def test_old_records_are_read_in_one_mode(self):
        self.assertEqual({mode.name for mode, w in self.measured("nats") if w.kind == Kind.CATCH_UP}, {"default"})

    def test_what_a_protocol_has_no_room_for_is_told_and_not_tried(self):
        self.assertEqual({w.partitions for _, w in self.measured("rabbitmq") if w.kind == Kind.PUBLISH}, {1, 16})
        found = refused(all_brokers(PLACES), select(all_workloads(), ["publish"]))
        self.assertEqual({one["broker"] for one in found}, {"rabbitmq"})
        self.assertEqual({one["workload"] for one in found}, set(names("publish/*/partitions:1000*")))

    def test_every_mode_has_its_settings_and_one_is_the_default(self):
        for broker in all_brokers(PLACES):
            self.assertEqual(sum(mode.is_default for mode in broker.modes), 1)
            for mode in broker.modes:
                for name, text in broker.settings(mode).items():
                    self.assertTrue(text.strip(), name)


if __name__ == "__main__":
    unittest.main()
