#!/usr/bin/env python3
"""Runs the SDK's examples, as a newcomer would, against a broker on a fresh directory: run_examples.py LEATD PUBLISH SUBSCRIBE LOCAL_VIEW"""
import pathlib
import socket
import subprocess
import sys
import tempfile


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command):
    """The program's lines; its failure is ours."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines()


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: found {found}, expected {expected}")


def check(url, publish, subscribe, local_view):
    expect("deliveries", len(run(publish, url)), 10)

    received = {}
    for line in run(subscribe, url, "10"):
        _, key, value = line.split(" ")
        received.setdefault(key, []).append(value)
    steps = {f"order-{key}": [f'{{"step":{i}}}' for i in range(10) if i % 3 == key] for key in range(3)}
    expect("records by key, in order", received, steps)

    expect("the view", run(local_view, url), [f"{key} {values[-1]}" for key, values in sorted(steps.items())])


def main():
    leatd, publish, subscribe, local_view = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        port = unused_port()
        log = pathlib.Path(directory, "leatd.log")
        with log.open("w") as output:
            daemon = subprocess.Popen([leatd, "--data", f"{directory}/data", "--listen", f"127.0.0.1:{port}", "--http", "off"],
                                      stdout=output, stderr=output)
        try:
            wait_until_listening(daemon, port, log)
            check(f"leat://127.0.0.1:{port}", publish, subscribe, local_view)
        finally:
            daemon.terminate()
            daemon.wait(timeout=30)
    print("the examples do what they say")


def wait_until_listening(daemon, port, log):
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if daemon.poll() is not None:
            sys.exit(f"leatd ended:\n{log.read_text()}")


if __name__ == "__main__":
    main()
