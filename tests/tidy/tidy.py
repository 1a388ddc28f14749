#!/usr/bin/env python3
"""House rules that a compiler does not check, over every source file. Each broken rule is one line: file:line: rule."""
import pathlib
import re
import sys

FOLDERS = ("protocol", "storage", "server", "client", "bench", "tests")
LINES_MAX = 400
# Files that may be longer, each with the reason why splitting it would make it worse.
LONG_FILES = {}

# What a folder may never include, and why. `tests` is added for every folder but itself.
ARROWS = {
    "protocol": (("storage/", "server/", "client/", "leat/", "bench/", "boost/asio", "boost/beast"),
                 "protocol is what both ends share: no disk, no sockets"),
    "storage": (("server/", "client/", "leat/", "bench/", "boost/asio", "boost/beast"), "storage knows protocol only, and no Asio"),
    "server": (("client/", "leat/", "bench/"), "the broker never depends on its SDK"),
    "client": (("storage/", "server/", "bench/"), "the SDK knows protocol only"),
    "bench": ((), ""),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
# Spelt in parts, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
BUILD_MACHINE = re.compile(r"(?<![\w.~$}/-])/(home|root|Users|work|workspace|builds)/\w")
TEXT = (".cpp", ".hpp", ".h", ".fbs", ".py", ".sh", ".cmake", ".md", ".txt", ".toml", ".json", ".service", ".js", ".css", ".html")
TOP_LEVEL = ("dev", ".ci/run", ".clang-tidy", ".clang-format")


def included(lines):
    for number, line in enumerate(lines, 1):
        if match := INCLUDE.match(line):
            yield number, match.group(1)


def broken_arrows(folder, lines):
    if folder == "tests":
        return
    forbidden, reason = ARROWS[folder]
    for number, name in included(lines):
        if name.startswith(("tests/", "simulation/")):
            yield number, f"includes {name}: only tests include tests"
        elif name.startswith(forbidden):
            yield number, f"includes {name}: {reason}"
        elif name.startswith("."):
            yield number, f"includes {name}: includes start at the root of the repository"


def check_cxx(path, lines):
    folder = path.parts[0]
    yield from broken_arrows(folder, lines)
    if len(lines) > LINES_MAX and str(path) not in LONG_FILES:
        yield LINES_MAX, f"{len(lines)} lines, more than {LINES_MAX}: usually two ideas in one file"
    if path.suffix == ".hpp" and not any(line.strip() == "#pragma once" for line in lines):
        yield 1, "no #pragma once"


def check_text(lines, checkout):
    for number, line in enumerate(lines, 1):
        if match := UNFINISHED.search(line):
            yield number, f"{match.group(0)}: finish it, or open an issue"
        if match := BUILD_MACHINE.search(line):
            yield number, f"{match.group(0)}...: the path of one machine"
        elif checkout.count("/") > 1 and checkout in line:
            yield number, f"{checkout}: the path of this checkout"


def check(root):
    """Every broken rule below root, as (path, line, rule)."""
    files = [root / name for name in TOP_LEVEL]
    files += [path for path in root.iterdir() if path.suffix in TEXT]
    for folder in (*FOLDERS, "cmake"):
        files += [path for path in (root / folder).rglob("*") if path.suffix in TEXT]
    for name in LONG_FILES:
        if not (root / name).is_file():
            yield pathlib.Path(name), 1, "listed among the long files, and not there"
    for path in sorted(set(files)):
        if not path.is_file() or "node_modules" in path.parts:
            continue
        short = path.relative_to(root)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found = list(check_text(lines, str(root)))
        if path.suffix in (".cpp", ".hpp") and short.parts[0] in FOLDERS:
            found += check_cxx(short, lines)
        for number, rule in found:
            yield short, number, rule


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    broken = list(check(root))
    for path, number, rule in broken:
        print(f"{path}:{number}: {rule}")
    print(f"{len(broken)} broken rules")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
