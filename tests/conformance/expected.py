"""expected.toml: which tests may fail, and why.

    [tests]                     # how many tests a unit has; `run --count` writes it with redis-server itself
    "unit/aofrw" = 28

    [[failing]]
    unit = "unit/aofrw"
    reason = "a reason that a user would accept"
    shards = [4]                # absent: with any number of shards
    sometimes = true            # depends on time: may pass as well. Absent: passing is an error
    absent = true               # the suite itself leaves them out with this server
    skip = true                 # not even tried, since what it leaves behind fails others; counts as failed
    tests = ["...", "..."]

Order and reasons are kept when the file is rewritten.
"""

import tomllib
from dataclasses import dataclass, field

UNEXPLAINED = "UNEXPLAINED"
HEAD = """\
# Tests of Redis's suite that may fail on Shoal, each with its reason: see docs/conformance.md.
# `tests/conformance/run --update` adds what fails and takes off what passes; the reasons are written by hand.
"""


@dataclass
class Entry:
    """Tests of one unit that fail for one reason."""

    unit: str
    reason: str
    tests: list
    shards: list | None = None
    sometimes: bool = False
    absent: bool = False
    skip: bool = False

    def covers(self, shards):
        """Whether it speaks of runs with so many shards."""
        return self.shards is None or shards in self.shards


@dataclass
class Verdict:
    """A result held against what was expected. Empty lists: as expected."""

    unexpected: list = field(default_factory=list)
    stale: list = field(default_factory=list)
    unexplained: list = field(default_factory=list)
    unreached: int = 0

    def weight(self):
        """How much has to be done about it."""
        return len(self.unexpected) + len(self.stale) + len(self.unexplained) + self.unreached

    def is_good(self):
        """Whether nothing has to be done."""
        return self.weight() == 0


class Expected:
    """The contents of expected.toml."""

    def __init__(self, path):
        self.path = path
        document = tomllib.loads(path.read_text()) if path.exists() else {}
        self.tests = dict(document.get("tests", {}))
        self.entries = [Entry(**entry) for entry in document.get("failing", [])]

    def find(self, unit, test, shards):
        """The entry that lets a test fail, or None."""
        for entry in self.entries:
            if entry.unit == unit and entry.covers(shards) and test in entry.tests:
                return entry
        return None

    def skipped(self, unit, shards):
        """Tests of a unit that are not tried, with their reasons."""
        entries = [entry for entry in self.entries if entry.unit == unit and entry.skip and entry.covers(shards)]
        return {test: "not tried: " + entry.reason for entry in entries for test in entry.tests}

    def judge(self, result, whole):
        """Compares; `whole` says that no test of the unit was left out on purpose."""
        verdict = Verdict()
        for test in result.failed:
            entry = self.find(result.unit, test, result.shards)
            if entry is None:
                verdict.unexpected.append(test)
            elif entry.reason.startswith(UNEXPLAINED):
                verdict.unexplained.append(test)
        passed = set(result.passed)
        for entry in self.entries:
            if entry.unit != result.unit or not entry.covers(result.shards):
                continue
            for test in entry.tests:
                ran = test in passed or test in result.failed
                if (test in passed and not entry.sometimes) or (whole and ran == entry.absent):
                    verdict.stale.append(test)
        # What ends a file early is listed by its error; the tests behind it need not be.
        if whole and not any(test.startswith("(outside") for test in result.failed):
            verdict.unreached = self.missing(result)
        return verdict

    def missing(self, result):
        """How many tests of the unit were neither passed nor failed, nor are known to be left out."""
        left_out = sum(
            len(entry.tests)
            for entry in self.entries
            if entry.unit == result.unit and entry.absent and entry.covers(result.shards)
        )
        reached = len(result.passed) + sum(not test.startswith("(outside") for test in result.failed)
        return max(0, self.tests.get(result.unit, 0) - reached - left_out)

    def update(self, results):
        """Takes over what failed and what passed; new failures get a reason that a run does not accept."""
        for result in results:
            verdict = self.judge(result, whole=True)
            for test in verdict.stale:
                self._remove(result.unit, test, result.shards, {r.shards for r in results})
            for test in verdict.unexpected:
                detail = " ".join(result.failed[test].split())[:120]
                self.entries.append(Entry(result.unit, f"{UNEXPLAINED}: {detail}", [test], [result.shards]))
        self._join()

    def _remove(self, unit, test, shards, ran):
        """Takes a test off for one number of shards, and leaves it on for the others that were run."""
        for entry in list(self.entries):
            if entry.unit == unit and entry.covers(shards) and test in entry.tests:
                entry.tests.remove(test)
                others = sorted((set(entry.shards) if entry.shards else ran) - {shards})
                if others:
                    self.entries.append(Entry(unit, entry.reason, [test], others, entry.sometimes, entry.absent, entry.skip))

    def _join(self):
        """Joins entries that differ in nothing but their tests; a test that fails with 1 and 4 fails with any."""
        shards_of, order = {}, []
        for entry in self.entries:
            for test in entry.tests:
                reason = UNEXPLAINED if entry.reason.startswith(UNEXPLAINED) else entry.reason
                key = (entry.unit, test, reason, entry.sometimes, entry.absent, entry.skip)
                if key not in shards_of:
                    shards_of[key] = (set(), entry.reason)
                    order.append(key)
                shards_of[key][0].update(entry.shards or (1, 4))
        joined = {}
        for key in order:
            unit, test, _, *traits = key
            shards, reason = shards_of[key]
            where = None if {1, 4} <= shards else tuple(sorted(shards))
            joined.setdefault((unit, reason, where, *traits), []).append(test)
        self.entries = [
            Entry(unit, reason, tests, list(where) if where else None, *traits)
            for (unit, reason, where, *traits), tests in joined.items()
        ]
        # By unit; within one in the order in which they were.
        self.entries.sort(key=lambda entry: entry.unit)

    def write(self):
        """Writes the file."""
        lines = [HEAD, "[tests]"]
        lines += [f"{_quote(unit)} = {count}" for unit, count in sorted(self.tests.items())]
        for entry in self.entries:
            lines += ["", "[[failing]]", f"unit = {_quote(entry.unit)}", f"reason = {_quote(entry.reason)}"]
            if entry.shards is not None:
                lines.append(f"shards = {entry.shards}")
            if entry.sometimes:
                lines.append("sometimes = true")
            if entry.absent:
                lines.append("absent = true")
            if entry.skip:
                lines.append("skip = true")
            lines += ["tests = [", *(f"    {_quote(test)}," for test in entry.tests), "]"]
        self.path.write_text("\n".join(lines) + "\n")


def _quote(text):
    """A basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
