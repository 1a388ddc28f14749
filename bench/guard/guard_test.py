#!/usr/bin/env python3
"""The guard's own test: what it makes of counts, without counting."""
import unittest

import guard


class GuardTest(unittest.TestCase):
    def test_starting_drops_out(self):
        starting = 5_000_000
        self.assertEqual(86.5, guard.per_record(starting + 1000 * 86.5, starting + 2000 * 86.5, 1000))

    def test_the_tolerance_is_inclusive_on_both_sides(self):
        self.assertEqual("within", guard.judge(102.0, 100.0, 2))
        self.assertEqual("above", guard.judge(102.1, 100.0, 2))
        self.assertEqual("within", guard.judge(98.0, 100.0, 2))
        self.assertEqual("below", guard.judge(97.9, 100.0, 2))

    def test_a_path_above_its_budget_breaks_it(self):
        lines, kept = guard.verdict({"publish": 110.0, "deliver": 50.0}, {"publish": 100.0, "deliver": 50.0}, 2)
        self.assertFalse(kept)
        self.assertEqual(1, len(lines))
        self.assertIn("publish", lines[0])

    def test_a_path_below_its_budget_keeps_it_and_is_told(self):
        lines, kept = guard.verdict({"publish": 90.0}, {"publish": 100.0}, 2)
        self.assertTrue(kept)
        self.assertIn("--update", lines[0])

    def test_a_budget_that_is_met_needs_no_words(self):
        self.assertEqual(([], True), guard.verdict({"publish": 100.0}, {"publish": 100.0}, 2))

    def test_paths_without_budget_and_budgets_without_path(self):
        lines, kept = guard.verdict({"publish": 1.0}, {"deliver": 1.0}, 2)
        self.assertFalse(kept)
        self.assertEqual(2, len(lines))

    def test_the_total_of_a_profile(self):
        self.assertEqual(1234, guard.total_of("events: Ir\nfn=(1) x\n1 2\n\ntotals: 1234\n"))

    def test_a_profile_that_counts_nothing_is_an_error(self):
        for profile in ("totals: 0\n", "", "totals: 1\ntotals: 2\n"):
            with self.assertRaises(guard.GuardError):
                guard.total_of(profile)

    def test_another_processor_is_refused(self):
        guard.check_processor("processor\t: 0\nflags\t\t: fpu sse4_2 pclmulqdq avx2\n")
        with self.assertRaisesRegex(guard.GuardError, "no avx2"):
            guard.check_processor("flags\t\t: fpu sse4_2 pclmulqdq\n")
        with self.assertRaises(guard.GuardError):
            guard.check_processor("")

    def test_the_table_has_a_row_a_path(self):
        rows = guard.table({"publish": 110.0, "new-path": 1.0}, {"publish": 100.0}).splitlines()
        self.assertEqual(3, len(rows))
        self.assertEqual(["publish", "110.00", "100.00", "+10.00%"], rows[1].split())
        self.assertEqual("new", rows[2].split()[-1])

    def test_the_functions_of_a_profile_are_added_up_over_files(self):
        annotated = ("Ir        file:function\n---\n1,000  a.cpp:leat::f(int) [/bin/x]\n  500  b.hpp:leat::f(int)\n2,000  ./c.c:malloc [/lib/c.so]\n"
                     "7,000  PROGRAM TOTALS\n")
        self.assertEqual([(2000, "malloc"), (1500, "leat::f(int)")], guard.functions_of(annotated))


if __name__ == "__main__":
    unittest.main()
