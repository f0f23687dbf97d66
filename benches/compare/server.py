"""Servers under test: started pinned, stopped while another is measured, and asked what they cost."""

import glob
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


class ServerError(Exception):
    """A server did not start or did not answer."""


def encode(*words):
    """One request."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Server:
    """One running server of a comparison."""

    def __init__(self, name, command, port, cpus, directory, shards=1):
        """Starts `command`, in which {port} and {shards} are filled in, on `cpus`, from the repository's root."""
        self.name, self.port = name, port
        words = [word.replace("{port}", str(port)).replace("{shards}", str(shards)) for word in shlex.split(command)]
        # The server works in a directory of its own: files named from the repository's root are found from there.
        words = [os.path.abspath(word) if "/" in word and os.path.exists(word) else word for word in words]
        self.argv = ["taskset", "-c", cpus] + words
        self.scratch = tempfile.mkdtemp(prefix=f"{name}-", dir=directory)
        self.log = os.path.join(self.scratch, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.argv, cwd=self.scratch, stdout=log, stderr=subprocess.STDOUT)
        try:
            self.await_answer()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def await_answer(self, seconds=20):
        """Waits until the server answers anything at all."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if self.call("PING")[:1] in (b"+", b"-"):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            raise ServerError(f"{self.name} does not answer on port {self.port}; its log ends:\n{log.read()[-1500:]}")

    def call(self, *words):
        """Sends one request and returns the first bytes of the reply."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(encode(*words))
            return connection.recv(65536)

    def version(self):
        """Name and version as INFO tells them."""
        info = self.call("INFO", "server").decode("utf-8", "replace")
        fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
        for name in ("shoal", "valkey", "dragonfly", "garnet", "redis"):
            if f"{name}_version" in fields:
                return f"{name} {fields[f'{name}_version'].strip()}"
        return ""

    def pause(self):
        """Takes the server off its CPU."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        """Lets a paused server go on."""
        self.process.send_signal(signal.SIGCONT)

    def cpu_ns(self):
        """CPU time of each thread so far: of the scheduler, so exact where clock ticks are not."""
        times = {}
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as file:
                    times[path] = int(file.read().split()[0])
            except OSError:
                pass  # the thread has ended
        return times

    def cpu_since_ns(self, before):
        """CPU time of all threads since `before`."""
        return sum(ns - before.get(path, 0) for path, ns in self.cpu_ns().items())

    def rss_bytes(self):
        """Resident memory."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self):
        """Ends the server and removes what it wrote."""
        if self.process.poll() is None:
            self.resume()
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                print(f"{self.name} ignores SIGTERM", file=sys.stderr)
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


def fill(server, keys, value_bytes, ttl_s=None, depth=1000):
    """Sets the keys 0..`keys`, named as redis-benchmark names them; returns the seconds it took."""
    begun = time.monotonic()
    name = b"$16\r\nkey:%012d\r\n"
    value = b"$%d\r\n%s\r\n" % (value_bytes, b"v" * value_bytes)
    if ttl_s is None:
        request = b"*3\r\n$3\r\nSET\r\n" + name + value
    else:
        request = b"*5\r\n$3\r\nSET\r\n" + name + value + b"$2\r\nEX\r\n" + b"$%d\r\n%d\r\n" % (len(str(ttl_s)), ttl_s)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        waiting = 0
        for first in range(0, keys, depth):
            numbers = range(first, min(first + depth, keys))
            connection.sendall(b"".join([request % number for number in numbers]))
            # One batch stays on its way while the next is made.
            await_oks(connection, waiting)
            waiting = len(numbers)
        await_oks(connection, waiting)
    return time.monotonic() - begun


def await_oks(connection, count):
    """Reads `count` replies, each of which must be +OK."""
    left = count * len(b"+OK\r\n")
    while left:
        received = connection.recv(min(left, 1 << 20))
        if not received or received.count(b"-"):
            raise ServerError(f"filling failed: {received[:200]!r}")
        left -= len(received)
