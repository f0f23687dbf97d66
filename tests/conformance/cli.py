"""The command line of `tests/conformance/run`."""

import argparse
import fnmatch
import multiprocessing
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import client
import processes
import report
import suite
from expected import Expected
from unit import run_unit

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent

# What continuous integration runs: the units of the data types and those whose results do not depend on how busy the
# machine is, without the tests that the suite tags as slow.
FAST_ARGUMENTS = ("--tags", "-slow")
FAST_UNITS = (
    "unit/auth",
    "unit/bitfield",
    "unit/bitops",
    "unit/geo",
    "unit/keyspace",
    "unit/protocol",
    "unit/pubsub",
    "unit/scan",
    "unit/sort",
    "unit/type/hash",
    "unit/type/incr",
    "unit/type/list-2",
    "unit/type/set",
    "unit/type/stream",
    "unit/type/string",
    "unit/type/zset",
)


def arguments(words):
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="tests/conformance/run", description="Redis's Tcl suite against Shoal.")
    parser.add_argument("--units", help="names or patterns, separated by commas: unit/expire,unit/type/*")
    parser.add_argument("--shards", default="1,4", help="numbers of shards to run with (1,4)")
    parser.add_argument("--fast", action="store_true", help="the subset of continuous integration")
    parser.add_argument("--binary", type=Path, help="the server (target/release/shoal)")
    parser.add_argument("--update", action="store_true", help="rewrite expected.toml from what happens; reasons stay")
    parser.add_argument("--count", action="store_true", help="run redis-server itself and note how many tests units have")
    parser.add_argument("--only", action="append", default=[], metavar="TEST", help="only this test, or /pattern")
    parser.add_argument("--json", type=Path, help="write all results to this file")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    parser.add_argument("--jobs", type=int, default=2, help="units that run at the same time (2)")
    parser.add_argument("--retries", type=int, default=1, help="further runs of a unit whose result is not as expected")
    parser.add_argument("--stall", type=float, default=150, help="seconds without progress that count as hung (150)")
    parser.add_argument("--base-port", type=int, default=21111, help="first port; each job takes 400")
    parser.add_argument("--source", type=Path, help="an unpacked source package, instead of fetching it")
    options = parser.parse_args(words)
    if options.fast and options.update:
        # What the subset leaves out would look as if it passed.
        parser.error("--update needs whole units: leave out --fast")
    return options


def cargo_target():
    """Cargo's target directory."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").resolve()


def choose(options, all_units):
    """The units to run."""
    if options.units:
        patterns = options.units.split(",")
        chosen = [unit for unit in all_units if any(fnmatch.fnmatchcase(unit, pattern) for pattern in patterns)]
        if not chosen:
            raise suite.Unreachable(f"no unit matches {options.units}; there are: {' '.join(all_units)}")
        return chosen
    return [unit for unit in all_units if unit in FAST_UNITS or not options.fast]


class Worker:
    """One job: a process of its own, so that the processes that it starts are its descendants."""

    number = 0

    @classmethod
    def begin(cls, numbers):
        """Called once in each job's process."""
        cls.number = numbers.get()
        processes.become_subreaper()
        client.stop_on_signals()

    @classmethod
    def run(cls, task):
        """Runs one unit."""
        source, binary, unit, shards, options, logs, leave_out = task
        more = [word for test in options.only for word in ("--only", test)]
        settings = client.Settings(
            base_port=options.base_port + 400 * cls.number,
            stall_s=options.stall,
            arguments=(
                *(FAST_ARGUMENTS if options.fast else ()),
                # redis-server itself (0 shards) knows no listpacks of sets.
                *(suite.UNIT_ARGUMENTS.get(unit, ()) if shards else ()),
                *more,
            ),
        )
        tree = suite.Tree(source, binary, shards)
        try:
            return run_unit(tree, unit, shards, settings, logs / f"{unit.replace('/', '-')}.{shards}", leave_out)
        finally:
            tree.remove()


def run_all(tasks, jobs, expected, whole):
    """Runs the tasks, says a line about each, and returns results in the order of the tasks."""
    context = multiprocessing.get_context("fork")
    numbers = context.Queue()
    for number in range(jobs):
        numbers.put(number)
    results = []
    with ProcessPoolExecutor(jobs, context, initializer=Worker.begin, initargs=(numbers,)) as pool:
        for result in pool.map(Worker.run, tasks):
            verdict = expected.judge(result, whole)
            state = "as expected" if verdict.is_good() else "NOT AS EXPECTED"
            counts = f"{len(result.passed):4} passed {len(result.failed):4} failed"
            print(f"{result.unit:26} --shards {result.shards} {counts} {result.seconds:7.1f} s  {state}", flush=True)
            results.append(result)
    return results


def again(results, tasks, options, expected, whole):
    """Runs once more, one at a time, what was not as expected: tests that measure time fail on a busy machine. Of two
    runs the one that is nearer to what is expected counts."""
    for _ in range(options.retries):
        bad = [i for i, result in enumerate(results) if not expected.judge(result, whole).is_good()]
        if not bad:
            break
        print(f"once more: {len(bad)} of {len(results)}", flush=True)
        for i, result in zip(bad, run_all([tasks[i] for i in bad], 1, expected, whole)):
            if expected.judge(result, whole).weight() <= expected.judge(results[i], whole).weight():
                results[i] = result
    return results


def conclude(results, expected, whole):
    """Prints tables and what is not as expected; the exit status."""
    print(report.text_table(results, expected))
    lines = []
    for result in results:
        verdict = expected.judge(result, whole)
        lines += report.complaint(result, verdict, expected.tests.get(result.unit, 0))
    print("\n" + ("\n".join(lines) if lines else "everything is as expected"))
    return 1 if lines else 0


def count(options, source, chosen, expected):
    """Runs redis-server itself: how many tests each unit has."""
    server = shutil.which("redis-server")
    if not server:
        raise suite.Unreachable("redis-server is not installed")
    tasks = [(source, server, unit, 0, options, cargo_target() / "conformance/logs", {}) for unit in chosen]
    results = run_all(tasks, options.jobs, expected, whole=False)
    print(report.text_table(results, expected))
    for result in results:
        failed = sum(not test.startswith(client.OUTSIDE) for test in result.failed)
        expected.tests[result.unit] = len(result.passed) + failed
        for test, detail in result.failed.items():
            print(f"redis-server fails {result.unit}: {test}\n    {detail[:300]}")
    expected.write()
    return 0


def checked_binary(options):
    """The server under test."""
    binary = (options.binary or cargo_target() / "release" / "shoal").resolve()
    if not os.access(binary, os.X_OK):
        raise suite.Unreachable(f"{binary} is not there; cargo build --release makes it")
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30)
    print(f"{binary}: {version.stdout.strip()}", flush=True)
    return binary


def main(words):
    """Runs; returns the exit status."""
    options = arguments(words)
    expected = Expected(HERE / "expected.toml")
    try:
        suite.install_tools()
        source = options.source or suite.fetch(cargo_target() / "conformance")
        chosen = choose(options, suite.units(source))
        if options.count:
            return count(options, source, chosen, expected)
        binary = checked_binary(options)
    except suite.Unreachable as why:
        print(f"tests/conformance/run: {why}", file=sys.stderr)
        return 2
    whole = not options.fast and not options.only
    logs = cargo_target() / "conformance" / "logs"
    shards = [int(word) for word in options.shards.split(",")]
    tasks = [
        (source, binary, unit, n, options, logs, {} if options.only else expected.skipped(unit, n))
        for unit in chosen
        for n in shards
    ]
    results = again(run_all(tasks, options.jobs, expected, whole), tasks, options, expected, whole)
    results.sort(key=lambda result: (result.unit, result.shards))
    if options.json:
        options.json.write_text(report.as_json(results, expected))
    if options.markdown:
        options.markdown.write_text(report.markdown_table(results, expected))
    if options.update:
        expected.update(results)
        expected.write()
    return conclude(results, expected, whole)
