"""The processes that a test file leaves behind.

The suite starts servers, clients and background writers, and some outlive the file that started them. The process that
runs a file makes itself a "child subreaper" (prctl 36): orphans become its children instead of init's. So whatever was
started is its descendant, and those, and only those, are ended by process id.
"""

import ctypes
import os
import signal
import time
from collections import defaultdict

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """Makes orphaned descendants children of this process."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _state_and_parent(pid):
    """The one-letter state of a process and its parent, or None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name in parentheses may hold anything, parentheses too.
    fields = text[text.rfind(b")") + 2 :].split()
    return fields[0].decode(), int(fields[1])


def is_dead(pid):
    """Whether the process is gone or waits only for being reaped."""
    found = _state_and_parent(pid)
    return found is None or found[0] == "Z"


def _descendants():
    """Process ids and states of all descendants of this process."""
    children = defaultdict(list)
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := _state_and_parent(int(name))):
            children[found[1]].append((int(name), found[0]))
    found, todo = [], [os.getpid()]
    while todo:
        for pid, state in children.get(todo.pop(), ()):
            found.append((pid, state))
            todo.append(pid)
    return found


def reap_orphans(own):
    """Collects ended orphans; `own` are children that somebody else waits for."""
    for pid, state in _descendants():
        if state == "Z" and pid not in own:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def end_descendants(popens=(), patience_s=20):
    """Kills every descendant and waits for them; `popens` are reaped through their objects."""
    own = {popen.pid for popen in popens}
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        alive = [pid for pid, state in _descendants() if state != "Z"]
        for popen in popens:
            popen.poll()
        reap_orphans(own)
        if not alive:
            return
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
    raise RuntimeError("processes of a test file could not be ended")
