#!/usr/bin/env python3
"""clang-tidy over our own .cpp files, skipping those that passed before and have not changed since.

A file's verdict depends on the checks, the analyser, the command that compiles it and the text of everything of ours that it
includes; their hash is kept in build/lint once the file has passed. Warnings are errors.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("protocol", "storage", "server", "client", "bench")
TIDY = "clang-tidy-14"
# GCC's precompiled headers are not clang's. Without them a file must also include what it uses.
PRECOMPILED = re.compile(r" (-include \S*cmake_pch\.hxx|-Winvalid-pch|-fpch-preprocess)(?= )")
# The other flags of GCC's that clang does not know.
EXTRA_ARGS = ("--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-unused-command-line-argument")
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def include_dirs(command):
    """The directories of a compile command that are ours: below the repository, which the build directory is too."""
    dirs = []
    for flag in re.findall(r"-(?:I|isystem)\s*(\S+)", command):
        if pathlib.Path(flag).is_relative_to(ROOT):
            dirs.append(pathlib.Path(flag))
    return dirs


class Fingerprints:
    """Hashes files together with what they include, reading each file once."""

    def __init__(self):
        self.files = {}

    def file(self, path):
        path = os.path.realpath(path)
        if path not in self.files:
            text = pathlib.Path(path).read_bytes()
            names = [name.decode(errors="replace") for name in INCLUDE.findall(text)]
            self.files[path] = (hashlib.sha256(text).hexdigest(), names)
        return self.files[path]

    def closure(self, source, dirs):
        seen, waiting = {}, [pathlib.Path(source)]
        while waiting:
            path = waiting.pop()
            key = os.path.realpath(path)
            if key in seen:
                continue
            digest, names = self.file(path)
            seen[key] = digest
            for name in names:
                for folder in (path.parent, *dirs):
                    if (folder / name).is_file():
                        waiting.append(folder / name)
                        break
        return sorted(seen.items())


def tool_version():
    """The analyser and the libraries whose headers it reads."""
    version = subprocess.run([TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    query = ["dpkg-query", "--show", "libboost1.81-dev", "libflatbuffers-dev", "libspdlog-dev", "libfmt-dev", "libcli11-dev",
             "libtomlplusplus-dev", "libstdc++-12-dev", "libbenchmark-dev"]
    try:
        version += subprocess.run(query, capture_output=True, text=True).stdout
    except FileNotFoundError:
        pass
    return version


def load_commands(build_dir, cache):
    """source -> command, for our own files; the first one when a file is compiled twice. Leaves a database of them in cache."""
    database = build_dir / "compile_commands.json"
    if not database.exists():
        sys.exit(f"lint: there is no {database}: configure the build first")
    commands, own_entries = {}, []
    for entry in json.loads(database.read_text()):
        path = pathlib.Path(entry["directory"], entry["file"])
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FOLDERS:
            if str(path) not in commands:
                commands[str(path)] = entry["command"] = PRECOMPILED.sub("", entry["command"])
                own_entries.append(entry)
    (cache / "compile_commands.json").write_text(json.dumps(own_entries, indent=1))
    return commands


def analyse(source, cache):
    started = time.monotonic()
    done = subprocess.run([TIDY, "-p", str(cache), "--quiet", *EXTRA_ARGS, source], capture_output=True, text=True)
    output = done.stdout
    if done.returncode != 0 and not output.strip():
        output = done.stderr
    return done.returncode == 0, output, time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build/dev")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("paths", nargs="*", help="only files whose path has one of these in it")
    args = parser.parse_args()
    build_dir = args.build_dir.resolve()
    cache = ROOT / "build/lint"
    cache.mkdir(parents=True, exist_ok=True)

    base = tool_version() + (ROOT / ".clang-tidy").read_text() + " ".join(EXTRA_ARGS)
    fingerprints = Fingerprints()
    waiting = []
    commands = load_commands(build_dir, cache)
    for source, command in commands.items():
        name = str(pathlib.Path(source).relative_to(ROOT))
        if args.paths and not any(part in name for part in args.paths):
            continue
        if not os.path.exists(source):
            sys.exit(f"lint: {name} is in the build and not on disk")
        closure = fingerprints.closure(source, include_dirs(command))
        digest = hashlib.sha256(json.dumps([base, command, closure]).encode()).hexdigest()
        verdict = cache / (name.replace("/", "__") + ".passed")
        if not (verdict.exists() and verdict.read_text() == digest):
            waiting.append((source, name, verdict, digest))

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
        running = {pool.submit(analyse, source, cache): (name, verdict, digest) for source, name, verdict, digest in waiting}
        for future in concurrent.futures.as_completed(running):
            name, verdict, digest = running[future]
            passed, output, seconds = future.result()
            print(f"{'ok    ' if passed else 'FAILED'} {name} ({seconds:.1f} s)", flush=True)
            if passed:
                verdict.write_text(digest)
            else:
                failures += 1
                print(output, flush=True)
    print(f"clang-tidy: {len(waiting)} analysed, {failures} with warnings, {len(commands)} in all", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
