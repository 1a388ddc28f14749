#!/usr/bin/env python3
"""The house rules' own test: each rule finds a file that breaks it and is silent about one that does not."""
import pathlib
import tempfile
import unittest

import tidy


class TidyTest(unittest.TestCase):
    def rules_broken_by(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True)
            path.write_text(text)
            return [rule for _, _, rule in tidy.check(pathlib.Path(folder).resolve())]

    def test_a_clean_file_breaks_nothing(self):
        self.assertEqual([], self.rules_broken_by("storage/a.hpp", '#pragma once\n#include "protocol/base/ids.hpp"\n'))

    def test_arrows_that_point_the_wrong_way(self):
        for name, include in (("protocol/a.cpp", "storage/io/file.hpp"), ("storage/a.cpp", "boost/asio.hpp"),
                              ("storage/a.cpp", "server/broker/broker.hpp"), ("client/src/a.cpp", "server/broker/broker.hpp"),
                              ("client/src/a.cpp", "storage/log/log.hpp"), ("server/a.cpp", "tests/storage/disk.hpp"), ("storage/a.cpp", "simulation/disk.hpp"),
                              ("server/a.cpp", "leat/client.hpp"), ("server/a.cpp", "../protocol/a.hpp")):
            self.assertEqual(1, len(self.rules_broken_by(name, f'#include "{include}"\n')), f"{name} includes {include}")

    def test_tests_may_include_everything(self):
        self.assertEqual([], self.rules_broken_by("tests/a.cpp", '#include "tests/b.hpp"\n#include "server/c.hpp"\n'))

    def test_a_long_file(self):
        self.assertEqual([], self.rules_broken_by("server/a.cpp", "\n" * tidy.LINES_MAX))
        self.assertEqual(1, len(self.rules_broken_by("server/a.cpp", "\n" * (tidy.LINES_MAX + 1))))

    def test_a_header_without_pragma_once(self):
        self.assertEqual(["no #pragma once"], self.rules_broken_by("server/a.hpp", "int x();\n"))

    def test_unfinished_work(self):
        self.assertEqual(1, len(self.rules_broken_by("server/a.cpp", "// TO" + "DO: later\n")))

    def test_paths_of_a_machine(self):
        self.assertEqual(1, len(self.rules_broken_by("server/a.cpp", "// see /ho" + "me/somebody/x\n")))
        self.assertEqual([], self.rules_broken_by("server/a.cpp", '// get("https://example.org/home/x"), net/work/x, /var/lib/leat\n'))


if __name__ == "__main__":
    unittest.main()
