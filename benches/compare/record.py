"""Records: CSV files that say under `#` how their rows came about.

    # date 2026-01-31T12:00:00Z
    # machine amd-epyc-2c
    # server shoal: taskset -c 0 target/release/shoal --port {port} …
    # command load: set P=16: taskset -c 1 redis-benchmark …
    run,workload,pipeline,server,round,…
    load,set,16,shoal,1,…

One row per measurement, none averaged: readers take the median of the rounds. The server named first is the one judged.
"""

import csv
import datetime
import os
import re
import shlex
import statistics
import subprocess

import machine

COLUMNS = ["run", "workload", "pipeline", "server", "round", "rps", "cpu_us", "p99_ms",
           "rss_bytes", "bytes_per_key", "growth_per_key", "cpu_percent"]


def portable(words):
    """A command line without the places of this machine: absolute paths keep only their last part."""
    words = (re.sub(r"(^|(?<==))/\S*/", "", word) for word in words)
    return " ".join(word if re.fullmatch(r"[\w@%+=:,./{}-]+", word) else shlex.quote(word) for word in words)


def commit(root):
    """The commit of the working tree, `+` if files differ from it."""
    def git(*arguments):
        return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")


def output_of(*command):
    """First line that a command prints, or nothing."""
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip().partition("\n")[0]
    except FileNotFoundError:
        return ""


class Writer:
    """A record in the making. Rows are written as they come, so an interrupted run leaves what it has."""

    def __init__(self, directory, root, invocation):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.path = self.free_path(os.path.join(directory, machine.name()), f"{now:%Y-%m-%d}")
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.file = open(self.path, "w", encoding="utf-8", newline="")
        self.csv = csv.DictWriter(self.file, COLUMNS, restval="", lineterminator="\n")
        self.begun_ticks = machine.ticks()
        self.note("date", f"{now:%Y-%m-%dT%H:%M:%SZ}")
        self.note("machine", machine.name())
        self.note("commit", commit(root))
        self.note("compiler", output_of("rustc", "--version"))
        for title, text in machine.facts():
            self.note(title, text)
        self.note("load average before", f"{os.getloadavg()[0]:.2f}")
        self.note("invocation", portable(invocation))

    @staticmethod
    def free_path(directory, date):
        names = [date] + [f"{date}-{n}" for n in range(2, 1000)]
        return next(path for path in (os.path.join(directory, f"{name}.csv") for name in names)
                    if not os.path.exists(path))

    def note(self, title, text):
        """A line of the head."""
        self.file.write(f"# {title}: {text}\n")

    def begin_rows(self):
        """Ends the head."""
        self.csv.writeheader()

    def row(self, row):
        """One measurement."""
        self.csv.writerow(row)
        self.file.flush()

    def close(self):
        """Ends the record with what the hypervisor took away in the meantime."""
        total, stolen = (now - then for now, then in zip(machine.ticks(), self.begun_ticks))
        self.note("stolen", f"{100 * stolen / max(total, 1):.2f} % of all CPU time of the run")
        self.file.close()


class Record:
    """A record that was read."""

    def __init__(self, path):
        self.path, self.notes, self.rows = path, [], []
        with open(path, encoding="utf-8", newline="") as file:
            lines = file.readlines()
        for line in lines:
            if line.startswith("# "):
                title, _, text = line[2:].strip().partition(": ")
                self.notes.append((title, text))
        self.rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))

    def note(self, title):
        """The text of a line of the head, or nothing."""
        return next((text for key, text in self.notes if key == title), "")

    def of(self, run):
        """The rows of one run."""
        return [row for row in self.rows if row["run"] == run]


def read_all(directory):
    """Every record, newest first."""
    paths = [os.path.join(folder, file) for folder, _, files in os.walk(directory) for file in files
             if file.endswith(".csv")]
    return sorted(map(Record, paths), key=lambda record: record.note("date"), reverse=True)


def medians(rows):
    """{(workload, pipeline): {server: {column: median of the rounds}}}, in the order of the rows."""
    table = {}
    for row in rows:
        figures = table.setdefault((row["workload"], row["pipeline"]), {}).setdefault(row["server"], {})
        for column in COLUMNS[5:]:
            if row[column]:
                figures.setdefault(column, []).append(float(row[column]))
    return {case: {server: {column: statistics.median(values) for column, values in figures.items()}
                   for server, figures in servers.items()}
            for case, servers in table.items()}


def servers_of(rows):
    """Servers in the order in which they were measured."""
    return list(dict.fromkeys(row["server"] for row in rows))


def ratio(by_server, names, column):
    """The first server's figure against the lowest of its peers; nothing if one of the two is missing."""
    peers = [by_server[name][column] for name in names[1:] if column in by_server.get(name, {})]
    own = by_server.get(names[0], {}).get(column)
    return own / min(peers) if own is not None and peers and min(peers) > 0 else None
