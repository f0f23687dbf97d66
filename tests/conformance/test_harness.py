"""Tests of the harness itself: `python3 -m unittest discover -s tests/conformance`."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import cli
import report
import suite
import tcl
from expected import UNEXPLAINED, Entry, Expected
from unit import Result


class TclLists(unittest.TestCase):
    def test_words_are_split_as_tcl_does(self):
        cases = {
            "ok {a b} 12": ["ok", "a b", "12"],
            "  a\\ b  \"c d\" ": ["a b", "c d"],
            "{a {nested} b} {}": ["a {nested} b", ""],
            "{a \\} b} x\\n": ["a \\} b", "x\n"],
        }
        for text, words in cases.items():
            self.assertEqual(tcl.split_list(text), words, text)

    def test_packets_may_arrive_in_any_pieces(self):
        stream = b"10\r\nok {a b} 7" + b"8\r\nerr {x\r\n}"
        expected = [("ok", "a b", 7), ("err", "x\n", 0)]
        for step in range(1, len(stream) + 1):
            packets, found = tcl.Packets(), []
            for start in range(0, len(stream), step):
                found += packets.feed(stream[start : start + step])
            self.assertEqual(found, expected, f"pieces of {step}")


class Units(unittest.TestCase):
    def test_units_are_those_of_unit_and_some_of_integration(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("unit/auth", "unit/cluster", "unit/type/list-common", "integration/aof-race", "integration/redis-cli"):
                file = Path(folder) / "tests" / f"{name}.tcl"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
            self.assertEqual(suite.units(Path(folder)), ["unit/auth", "integration/aof-race"])


class Expectations(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.expected = Expected(Path(folder.name) / "expected.toml")
        self.expected.tests = {"unit/a": 3}

    def judge(self, passed=(), failed=(), shards=1, whole=True):
        result = Result("unit/a", shards, list(passed), dict.fromkeys(failed, "why"))
        return self.expected.judge(result, whole)

    def test_a_failure_must_be_listed(self):
        self.assertEqual(self.judge("ab", "c").unexpected, ["c"])
        self.expected.entries = [Entry("unit/a", "because", ["c"], [4])]
        self.assertEqual(self.judge("ab", "c").unexpected, ["c"])
        self.assertTrue(self.judge("ab", "c", shards=4).is_good())

    def test_what_passes_or_is_gone_must_be_taken_off(self):
        self.expected.entries = [Entry("unit/a", "because", ["c", "gone"])]
        self.assertEqual(self.judge("abc").stale, ["c", "gone"])
        self.assertEqual(self.judge("abc", whole=False).stale, ["c"])
        self.expected.entries = [Entry("unit/a", "because", ["c"], sometimes=True)]
        self.assertTrue(self.judge("abc").is_good())

    def test_a_reason_must_be_given(self):
        self.expected.entries = [Entry("unit/a", f"{UNEXPLAINED}: why", ["c"])]
        self.assertEqual(self.judge("ab", "c").unexplained, ["c"])

    def test_tests_that_were_not_reached_are_missed(self):
        self.assertEqual(self.judge("ab").unreached, 1)
        self.assertEqual(self.judge("ab", whole=False).unreached, 0)
        self.expected.entries = [Entry("unit/a", "left out by the suite", ["c"], absent=True)]
        self.assertTrue(self.judge("ab").is_good())
        self.assertEqual(self.judge("abc").stale, ["c"])

    def test_an_update_keeps_reasons_and_makes_the_run_good(self):
        self.expected.entries = [Entry("unit/a", 'with "quotes"', ["a", "b"]), Entry("unit/b", "other", ["x"])]
        results = [
            Result("unit/a", 1, ["a", "c"], {"b": "why"}),
            Result("unit/a", 4, ["c"], {"a": "why", "b": "why"}),
        ]
        self.expected.update(results)
        self.expected.write()
        again = Expected(self.expected.path)
        found = {(entry.unit, test, tuple(entry.shards or ())) for entry in again.entries for test in entry.tests}
        self.assertEqual(found, {("unit/a", "a", (4,)), ("unit/a", "b", ()), ("unit/b", "x", ())})
        self.assertEqual({entry.reason for entry in again.entries}, {'with "quotes"', "other"})
        for result in results:
            self.assertTrue(again.judge(result, whole=True).is_good())


class Arguments(unittest.TestCase):
    def test_an_update_from_the_subset_is_refused(self):
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            cli.arguments(["--fast", "--update"])
        self.assertTrue(cli.arguments(["--update"]).update)


class Reports(unittest.TestCase):
    def test_missing_tests_count_against_the_share(self):
        expected = Expected(Path("/nonexistent"))
        expected.tests = {"unit/a": 4}
        results = [Result("unit/a", 1, ["a", "b"], {"c": "why"})]
        (_, rows, sums) = next(report.by_shards(results, expected))
        self.assertEqual((rows[0]["missing"], sums["percent"]), (1, 50.0))
        self.assertIn("| unit/a | 2/4 |", report.markdown_table(results, expected))


if __name__ == "__main__":
    unittest.main()
