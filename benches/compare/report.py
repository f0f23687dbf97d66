"""From records to the page: writes the figures between two marks of docs/performance.md, and their charts.

Of every kind of machine and every run the newest record counts. Without records nothing stands between the marks.
"""

import os

import chart
import record

BEGIN = "<!-- figures:begin, written by benches/compare/run --report -->"
END = "<!-- figures:end -->"


def table(head, rows):
    """A Markdown table: the first column to the left, figures to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def figure(by_server, name, column, form):
    """One cell."""
    value = by_server.get(name, {}).get(column)
    return "–" if value is None else format(value, form)


def times(value):
    """A ratio."""
    return "–" if value is None else f"**{value:.2f}×**"


def source(chosen, run, root):
    """Where a table comes from, and the command lines behind it."""
    path = os.path.relpath(chosen.path, root)
    lines = ["", f"Record: [{path}](../{path}), {chosen.note('date')[:10]}, commit `{chosen.note('commit')}`."]
    if "+" in chosen.note("commit"):
        lines[-1] += " The working tree differed from that commit (`+`)."
    commands = [text for title, text in chosen.notes if title == f"command {run}"]
    servers = [text for title, text in chosen.notes if title == "server"]
    lines += ["", "<details><summary>Command lines</summary>", "", "```"]
    return lines + servers + commands + ["```", "", "</details>", ""]


def throughput(by_server, name):
    """Requests per second, and the 99th percentile of latency, in one cell."""
    rps = figure(by_server, name, "rps", ",.0f")
    return rps if rps == "–" else f"{rps} / {figure(by_server, name, 'p99_ms', '.2f')}"


def load(chosen, rows, root, image):
    """CPU per request, the ratio that matters, then throughput and latency; and the chart."""
    names, cases = record.servers_of(rows), record.medians(rows)
    costs = [[f"{workload}, P={pipeline}"] + [figure(by, n, "cpu_us", ".2f") for n in names]
             + [times(record.ratio(by, names, "cpu_us"))] for (workload, pipeline), by in cases.items()]
    rates = [[f"{workload}, P={pipeline}"] + [throughput(by, n) for n in names]
             for (workload, pipeline), by in cases.items()]
    link = os.path.relpath(image, os.path.join(root, "docs"))
    return (["### One core", "", f"![CPU per request]({link})", ""]
            + table(["CPU µs per request"] + names + ["ratio"], costs) + [""]
            + table(["requests per second / p99 ms"] + names, rates) + source(chosen, "load", root))


def types(chosen, rows, root, _image):
    """The same as `load` for the commands of the other types."""
    names, cases = record.servers_of(rows), record.medians(rows)
    cells = [[workload] + [figure(by, n, "cpu_us", ".2f") for n in names]
             + [times(record.ratio(by, names, "cpu_us"))] + [throughput(by, n) for n in names]
             for (workload, _), by in cases.items()]
    head = ["CPU µs per request"] + names + ["ratio"] + [f"{n}, req/s / p99 ms" for n in names]
    return ["### Other types, 16 requests in flight", ""] + table(head, cells) + source(chosen, "types", root)


def shards(chosen, rows, root, _image):
    """What the second shard adds to a request's cost, for every server that has shards."""
    lines, names = ["### Two shards", ""], record.servers_of(rows)
    for one in names:
        two = one.removesuffix(" 1 shard") + " 2 shards"
        if two not in names:
            continue
        pair, cells = [one, two], []
        for (workload, pipeline), by in record.medians(rows).items():
            costs = [by.get(name, {}).get("cpu_us") for name in pair]
            cells.append([f"{workload}, P={pipeline}"] + [figure(by, n, "cpu_us", ".2f") for n in pair]
                         + [times(costs[1] / costs[0] if all(costs) else None)] + [throughput(by, n) for n in pair])
        head = ["workload"] + [f"{n}, µs" for n in pair] + ["ratio"] + [f"{n}, req/s / p99 ms" for n in pair]
        lines += table(head, cells)
    return lines + source(chosen, "shards", root)


def memory(chosen, rows, root, _image):
    """Bytes of resident memory per key."""
    names = record.servers_of(rows)
    cells = []
    for (workload, _), by in record.medians(rows).items():
        cells.append([f"{workload}, all memory"] + [figure(by, n, "bytes_per_key", ".0f") for n in names]
                     + [times(record.ratio(by, names, "bytes_per_key"))])
        cells.append([f"{workload}, growth since empty"] + [figure(by, n, "growth_per_key", ".0f") for n in names]
                     + [times(record.ratio(by, names, "growth_per_key"))])
    return (["### Memory", ""] + table(["bytes per key"] + names + ["ratio"], cells)
            + source(chosen, "memory", root))


def idle(chosen, rows, root, _image):
    """CPU of a server without work."""
    names = record.servers_of(rows)
    cells = [[workload] + [figure(by, n, "cpu_percent", ".3f") for n in names]
             for (workload, _), by in record.medians(rows).items()]
    return ["### Idle", ""] + table(["% of a core"] + names, cells) + source(chosen, "idle", root)


SECTIONS = {"load": load, "types": types, "shards": shards, "memory": memory, "idle": idle}


def draw(chosen, rows, path):
    """The chart of CPU per request."""
    names = record.servers_of(rows)
    panels = {}
    for (workload, pipeline), by in record.medians(rows).items():
        values = {name: by[name]["cpu_us"] for name in names if name in by}
        panels.setdefault(pipeline, []).append((workload, values))
    titled = [("1 request in flight per client" if p == "1" else f"pipelines of {p}", groups)
              for p, groups in panels.items()]
    svg = chart.bars("CPU per request, microseconds of the server",
                     f"{chosen.note('model name')}, one core, {chosen.note('date')[:10]}; less is better",
                     titled, names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(svg)


def sections(records, root):
    """The Markdown of all machines."""
    lines = []
    for machine in sorted({found.note("machine") for found in records}):
        own = [found for found in records if found.note("machine") == machine]
        lines += ["", f"## Measured on {machine}", ""]
        lines += [", ".join(f"{title} {own[0].note(title)}" for title in ("model name", "cpu(s)", "l3 cache", "kernel",
                                                                         "hypervisor vendor") if own[0].note(title))
                  + ".", ""]
        for run, section in SECTIONS.items():
            chosen = next((found for found in own if found.of(run)), None)
            if chosen is None:
                continue
            image = os.path.join(root, "docs", "img", f"cpu-{machine}.svg")
            if run == "load":
                draw(chosen, chosen.of(run), image)
            lines += section(chosen, chosen.of(run), root, image)
    return lines


def write(root, directory):
    """Rewrites the page from the records below `directory`; returns its path."""
    page = os.path.join(root, "docs", "performance.md")
    with open(page, encoding="utf-8") as file:
        before, begin, rest = file.read().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} lacks the marks between which figures are written:\n{BEGIN}\n{END}")
    lines = sections(record.read_all(directory), root)
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + begin + "\n".join(lines).rstrip("\n") + "\n" + end + after)
    return page
