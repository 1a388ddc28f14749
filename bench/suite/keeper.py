"""Runs one server and outlives it: a process of its own between the suite and the server.

Whatever a server leaves behind as a daemon becomes a child of the keeper, so that the tree below the keeper is the server, all of it.
When the suite's end of standard input closes, however the suite ended, everything below is asked to end and then killed; so it is when
the server itself ends, as what it started serves nobody. Run by path,
so that it loads nothing of the suite: python3 keeper.py GRACE_S COMMAND...
"""
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.02


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def tree(pid):
    """Everything below pid. A thread other than the first may have children too, and no server here makes any so."""
    below = children(pid)
    return below + [grandchild for child in below for grandchild in tree(child)]


def reap():
    """Waits for what has ended. False when nothing is left to wait for."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def signal_all(number):
    for pid in tree(os.getpid()):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def end_all(server, grace_s):
    """The server is asked first, as it knows best how to end what it started."""
    if server in children(os.getpid()):
        os.kill(server, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while reap() and server in children(os.getpid()) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    while reap():
        signal_all(signal.SIGKILL)
        time.sleep(POLL_S)


def main():
    grace_s, command = float(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    started_ns = time.monotonic_ns()
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, restore_signals=True, preexec_fn=default_signals)
    # The suite measures from the moment before the exec.
    print(server.pid, started_ns, flush=True)
    os.close(1)
    while reap() and server.pid in children(os.getpid()):
        readable, _, _ = select.select([0], [], [], POLL_S)
        if readable and not os.read(0, 1):
            break
    end_all(server.pid, grace_s)


def default_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    main()
