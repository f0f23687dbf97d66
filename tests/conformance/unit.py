"""A unit's result: one run of its file, or more if a test hung or took the server down.

A test that hangs, or whose server is gone, would cost all that follow it. It counts as failed, and the file is run again
without it.
"""

import re
import shutil
from dataclasses import dataclass, field

from client import OUTSIDE, Client

LOST = re.compile(
    r"I/O error|connection refused|couldn't open socket|broken pipe|connection reset|Can't start the", re.IGNORECASE
)
AGAIN = 4


@dataclass
class Result:
    """What came of a unit with one number of shards."""

    unit: str
    shards: int
    passed: list = field(default_factory=list)
    failed: dict = field(default_factory=dict)
    skipped: int = 0
    milliseconds: dict = field(default_factory=dict)
    seconds: float = 0.0


def _culprit(run):
    """The test because of which the file should be run again, and what it did; None if there is none."""
    if run.hung:
        return run.hung, "hung"
    for name, detail in run.failed.items():
        if LOST.search(detail) and not name.startswith(OUTSIDE):
            return re.sub(r" #\d+$", "", name), "lost its server or connection: " + detail
    return None


def run_unit(tree, unit, shards, settings, logs, leave_out):
    """Runs a unit without the tests of `leave_out`, which count as failed for the reason that it gives; `logs` is where
    the logs of servers go if anything failed."""
    culprits, seconds, best = dict(leave_out), 0.0, None
    while True:
        tree.clean()
        run = Client(tree, settings, skip=culprits).execute(unit)
        seconds += run.seconds
        if run.trouble:
            first = run.trouble.strip().split("\n", 1)[0][:100]
            run.failed[run.name(OUTSIDE + first)] = run.trouble
        if run.failed or run.hung:
            _keep_logs(tree, logs)
        if best is None or len(run.passed) >= len(best.passed):
            best = run
        culprit = _culprit(run)
        if culprit is None or culprit[0] in culprits or len(culprits) - len(leave_out) == AGAIN:
            break
        culprits[culprit[0]] = culprit[1]
        if culprit[0].startswith(OUTSIDE):
            break
    failed = dict(best.failed)
    for name, detail in culprits.items():
        if name not in best.passed:
            failed.setdefault(name, detail)
    skipped = best.skipped - sum(name not in best.failed for name in culprits)
    return Result(unit, shards, best.passed, failed, max(skipped, 0), best.milliseconds, round(seconds, 1))


def _keep_logs(tree, logs):
    """Copies the logs of the test client and of its servers."""
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    shutil.copy(tree.root / "client.log", logs / "client.log")
    for path in tree.root.glob("tests/tmp/server*/std*"):
        if path.stat().st_size > 0:
            shutil.copy(path, logs / f"{path.parent.name}.{path.name}")
