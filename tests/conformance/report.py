"""What a run says: a line per unit while it runs, tables at its end, JSON and Markdown."""

import json

COLUMNS = ("unit", "passed", "failed", "missing", "skipped", "seconds")


def row(result, expected):
    """The figures of one result."""
    return {
        "unit": result.unit,
        "passed": len(result.passed),
        "failed": len(result.failed),
        "missing": expected.missing(result),
        "skipped": result.skipped,
        "seconds": result.seconds,
    }


def total(rows):
    """The sum of rows, and the share of passed tests among those that there are, in percent."""
    sums = {name: round(sum(row[name] for row in rows), 1) for name in COLUMNS[1:]}
    tests = sums["passed"] + sums["failed"] + sums["missing"]
    return {"unit": "total", **sums, "percent": round(100 * sums["passed"] / tests, 2) if tests else 0.0}


def by_shards(results, expected):
    """(number of shards, rows, total), ascending; a run with redis-server itself has 0 shards."""
    for shards in sorted({result.shards for result in results}):
        rows = [row(result, expected) for result in results if result.shards == shards]
        yield shards, rows, total(rows)


def text_table(results, expected):
    """The table for the terminal."""
    lines = []
    for shards, rows, sums in by_shards(results, expected):
        lines += ["", f"--shards {shards}", f"{'unit':26}" + "".join(f"{name:>9}" for name in COLUMNS[1:])]
        lines += [f"{r['unit']:26}" + "".join(f"{r[name]:>9}" for name in COLUMNS[1:]) for r in [*rows, sums]]
        lines.append(f"{sums['percent']} % of passed, failed and missing tests passed")
    return "\n".join(lines)


def markdown_table(results, expected):
    """One table with a column per number of shards: passed of all."""
    tables = list(by_shards(results, expected))
    lines = ["| unit | " + " | ".join(f"shards {shards}" for shards, _, _ in tables) + " |"]
    lines.append("|---|" + "---|" * len(tables))
    cells = {}
    for shards, rows, sums in tables:
        for r in [*rows, sums]:
            count = r["passed"] + r["failed"] + r["missing"]
            share = f" ({r['percent']} %)" if "percent" in r else ""
            cells.setdefault(r["unit"], {})[shards] = f"{r['passed']}/{count}{share}"
    for unit, of in cells.items():
        lines.append(f"| {unit} | " + " | ".join(of.get(shards, "") for shards, _, _ in tables) + " |")
    return "\n".join(lines) + "\n"


def as_json(results, expected):
    """Everything, for tools."""
    document = {
        "totals": {str(shards): sums for shards, _, sums in by_shards(results, expected)},
        "units": [
            {
                **row(result, expected),
                "shards": result.shards,
                "passed": result.passed,
                "failed": result.failed,
                "milliseconds": result.milliseconds,
            }
            for result in results
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def complaint(result, verdict, missing_of):
    """What is not as expected, one line each."""
    where = f"{result.unit}, --shards {result.shards}"
    lines = []
    for test in verdict.unexpected:
        detail = "\n".join("      " + line for line in result.failed[test].strip().split("\n")[:6])
        lines.append(f"FAILED, and not listed in expected.toml: {where}: {test}\n{detail}")
    for test in verdict.stale:
        state = "passes" if test in result.passed else "no longer exists in a run of the unit"
        lines.append(f"LISTED in expected.toml, but {state}: take it off: {where}: {test}")
    for test in verdict.unexplained:
        lines.append(f"LISTED WITHOUT A REASON in expected.toml: {where}: {test}")
    if verdict.unreached:
        lines.append(f"NOT REACHED: {where}: {verdict.unreached} of {missing_of} tests neither passed nor failed")
    return lines
