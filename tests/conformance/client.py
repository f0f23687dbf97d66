"""One run of one test file.

The suite splits itself into a test server, which schedules and prints, and test clients, which run a file each. This
module takes the part of the test server for one client, so it knows the exact name of every test, the test in progress,
and when nothing moves any more.
"""

import os
import re
import select
import signal
import shutil
import socket
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field

import processes
import tcl

# Characters of a failure's text that are kept.
DETAIL = 2000
# A server that died before it said its process id makes the suite wait for two minutes; here it has so long, in seconds.
DEAD_START_S = 3

OUTSIDE = "(outside a test) "


@dataclass
class Settings:
    """How a file is run."""

    base_port: int
    port_count: int = 400
    # Without any news for so long, the test in progress counts as hung.
    stall_s: float = 150
    # The whole file may take so long.
    file_s: float = 1200
    # Further arguments of the suite, such as `--tags -slow`.
    arguments: tuple = ()


@dataclass
class Run:
    """What came of it. Names that occur again get " #2", " #3" ..."""

    passed: list = field(default_factory=list)
    failed: dict = field(default_factory=dict)
    skipped: int = 0
    # Slowest tests are found by these.
    milliseconds: dict = field(default_factory=dict)
    # The test in progress when nothing moved any more.
    hung: str | None = None
    # Why the file ended early.
    trouble: str | None = None
    done: bool = False
    seconds: float = 0.0
    _seen: Counter = field(default_factory=Counter)

    def name(self, text):
        """A name that is the same in every run: without ports and process ids."""
        text = re.sub(r"\b(127\.0\.0\.1:|[Pp]ort |pid )\d+", r"\1N", " ".join(text.split()))
        self._seen[text] += 1
        return text if self._seen[text] == 1 else f"{text} #{self._seen[text]}"


class Client:
    """A test client and the connection to it."""

    def __init__(self, tree, settings, skip):
        self.tree, self.settings = tree, settings
        self.run = Run()
        self.testing = None
        # Process id of a server that is being started, its log, and since when it is dead.
        self.starting = None
        self.log = tree.root / "client.log"
        arguments = ["--clients", "1", "--durable", *settings.arguments]
        arguments += ["--baseport", str(settings.base_port), "--portcount", str(settings.port_count)]
        for test in skip:
            arguments += ["--skiptest", test]
        self.listener = socket.create_server(("127.0.0.1", 0))
        arguments += ["--client", str(self.listener.getsockname()[1])]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
        environment.update(TERM="dumb", LANG="C.UTF-8")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [shutil.which("tclsh"), "tests/test_helper.tcl", *arguments],
                cwd=tree.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def execute(self, unit):
        """Runs the file and returns what came of it; nothing that it started is left behind."""
        start = time.monotonic()
        try:
            self._converse(unit, start)
        finally:
            self.listener.close()
            processes.end_descendants([self.process])
        self.run.seconds = round(time.monotonic() - start, 1)
        return self.run

    def _converse(self, unit, start):
        self.listener.settimeout(30)
        try:
            connection, _ = self.listener.accept()
        except TimeoutError:
            self.run.trouble = "the test client did not start: " + self._log_tail()
            return
        packets, last = tcl.Packets(), time.monotonic()
        with connection:
            while not self.run.done and self.run.trouble is None:
                if select.select([connection], [], [], 0.1)[0]:
                    try:
                        data = connection.recv(1 << 16)
                    except ConnectionError:
                        data = b""
                    if not data:
                        self.run.trouble = "the test client ended: " + self._log_tail()
                        return
                    for status, text, elapsed in packets.feed(data):
                        last = time.monotonic()
                        if status == "ready":
                            order = f"run {unit}"
                            connection.sendall(f"{len(order)}\n{order}".encode())
                        else:
                            self._news(status, text, elapsed)
                processes.reap_orphans({self.process.pid})
                now = time.monotonic()
                self._end_dead_start(now)
                if now - last > self.settings.stall_s or now - start > self.settings.file_s:
                    self.run.hung = self.testing or OUTSIDE + "hung"
                    return

    def _news(self, status, text, elapsed):
        """One packet of the client."""
        run = self.run
        if status != "server-spawned":
            self.starting = None
        if status == "testing":
            self.testing = text
        elif status == "ok":
            name = run.name(text)
            run.passed.append(name)
            run.milliseconds[name] = elapsed
            self.testing = None
        elif status == "err":
            self._failure(text)
        elif status in ("skip", "ignore"):
            run.skipped += 1
        elif status == "exception":
            run.trouble = text
        elif status == "server-spawned":
            try:
                log = os.readlink(f"/proc/{text}/fd/1")
            except OSError:
                log = None
            self.starting = [int(text), log, None]
        elif status == "done":
            run.done = True

    def _failure(self, text):
        """The first line names the test and its file; an error between two tests has no name."""
        first, _, rest = text.partition("\n")
        named = re.fullmatch(r"(.*) in tests/\S+\.tcl", first, re.DOTALL)
        if named:
            name, self.testing = self.run.name(named.group(1)), None
        else:
            name, rest = self.run.name(OUTSIDE + (first.strip() or "error")), text
        self.run.failed[name] = rest[:DETAIL]

    def _end_dead_start(self, now):
        """Ends the suite's wait for a server that died at its start, by the line that it waits for."""
        if self.starting is None or not processes.is_dead(self.starting[0]):
            return
        pid, log, since = self.starting
        if since is None:
            self.starting[2] = now
        elif now - since > DEAD_START_S:
            logs = [log] if log else sorted(self.tree.root.glob("tests/tmp/server*/stdout"), key=os.path.getmtime)[-1:]
            for path in logs:
                with open(path, "a", encoding="utf-8") as file:
                    file.write(f"\nthe server died before it was ready; PID: {pid}\n")
            self.starting = None

    def _log_tail(self):
        return self.log.read_text(errors="replace")[-DETAIL:]


def stop_on_signals():
    """Lets a signal end this process through its `finally` blocks, so that no server is left."""

    def stop(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
