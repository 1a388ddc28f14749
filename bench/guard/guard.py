#!/usr/bin/env python3
"""Holds what the broker does for a record against a budget: instructions counted by callgrind, so no clock, no noise.

Each path is counted with N and with 2N records; the difference is what N records take, without what starting takes.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROFILE_LINES = 30
PATHS = ("publish", "deliver", "catch-up")
# Counting is on within this function and off elsewhere: the other ends of the connections are not the broker.
COUNTED = "leat::bench::InlineBroker::serve_counted*"
# Otherwise the C library copies and clears larger blocks by an instruction that valgrind counts once for each byte.
TUNABLES = "glibc.cpu.hwcaps=-ERMS"


class GuardError(Exception):
    """Nothing can be said of the budget."""


def total_of(profile):
    """All instructions that a callgrind profile counts."""
    found = re.findall(r"^totals: (\d+)$", profile, re.MULTILINE)
    if len(found) != 1 or int(found[0]) == 0:
        raise GuardError("callgrind counted nothing: is a counted function called otherwise by now?")
    return int(found[0])


def per_record(once, twice, records):
    """`once`, `twice`: the instructions with so many records and with twice as many."""
    return round((twice - once) / records, 2)


def change_percent(measured, budget):
    return 100 * (measured - budget) / budget


def judge(measured, budget, tolerance_percent):
    """above, below or within."""
    change = change_percent(measured, budget)
    if change > tolerance_percent:
        return "above"
    return "below" if change < -tolerance_percent else "within"


def table(measured, budget):
    rows = [f"{'path':<10} {'instructions/record':>20} {'budget':>10} {'change':>9}"]
    for path, count in measured.items():
        held = budget.get(path)
        change = f"{change_percent(count, held):+8.2f}%" if held else "new"
        rows.append(f"{path:<10} {count:>20.2f} {held or 0:>10.2f} {change:>9}")
    return "\n".join(rows)


def verdict(measured, budget, tolerance_percent):
    """What there is to say, a line each, and whether the budget is kept."""
    lines, kept = [], True
    for path in sorted(set(budget) - set(measured)):
        lines.append(f"{path}: in the budget, and not measured")
        kept = False
    for path, count in measured.items():
        if path not in budget:
            lines.append(f"{path}: not in the budget; --update enters it")
            kept = False
            continue
        found = judge(count, budget[path], tolerance_percent)
        if found == "above":
            lines.append(f"{path}: more than {tolerance_percent:g}% above its budget; --profile tells where, --update if it is worth it")
            kept = False
        elif found == "below":
            lines.append(f"{path}: more than {tolerance_percent:g}% below its budget; --update lowers it, so that it stays")
    return lines, kept


def check_processor(cpuinfo):
    """Valgrind imitates one processor, but only what this one has of it, and the C library copies with what there is."""
    flags = next((line.split(":", 1)[1].split() for line in cpuinfo.splitlines() if line.startswith("flags")), [])
    missing = [flag for flag in ("avx2", "sse4_2", "pclmulqdq") if flag not in flags]
    if missing:
        raise GuardError(f"this processor has no {' and no '.join(missing)}: other code would be counted than the budget is of")


class Counter:
    """Runs the program under callgrind, in an environment that is the same everywhere."""

    def __init__(self, program):
        self.program = pathlib.Path(program).resolve()
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "GLIBC_TUNABLES": TUNABLES}

    def compiler(self):
        return self.run([str(self.program), "compiler"]).strip()

    def profile(self, path, records, into):
        """Leaves callgrind's profile in a file."""
        self.run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={into}", f"--toggle-collect={COUNTED}", str(self.program),
                  path, str(records)])

    def count(self, path, records):
        with tempfile.TemporaryDirectory() as scratch:
            file = pathlib.Path(scratch, "profile")
            self.profile(path, records, file)
            return total_of(file.read_text())

    def costs(self, path, records):
        with tempfile.TemporaryDirectory() as scratch:
            file = pathlib.Path(scratch, "profile")
            self.profile(path, records, file)
            return self.run(["callgrind_annotate", "--threshold=95", "--auto=no", "--show-percs=no", str(file)])

    def run(self, command):
        try:
            done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        except FileNotFoundError as missing:
            raise GuardError(f"there is no {missing.filename}") from missing
        if done.returncode != 0:
            raise GuardError(f"{' '.join(command)}\n{done.stdout}{done.stderr}".strip())
        return done.stdout


FUNCTION = re.compile(r"^\s*([\d,]+)\s+(\S.*?)(?:\s+\[[^\]]*\])?$")


def functions_of(annotated):
    """(instructions, function) of callgrind_annotate's list, most first; those of one function in several files added up."""
    costs = {}
    for line in annotated.splitlines():
        match = FUNCTION.match(line)
        if not match or ":" not in match.group(2):
            continue
        name = re.sub(r"'\d+$", "", match.group(2).split(":", 1)[1])
        costs[name] = costs.get(name, 0) + int(match.group(1).replace(",", ""))
    return sorted(((cost, name) for name, cost in costs.items()), reverse=True)


def print_profile(counter, records):
    for path in PATHS:
        print(f"\n{path}: instructions per record, by function\n")
        for cost, name in functions_of(counter.costs(path, records))[:PROFILE_LINES]:
            print(f"{cost / records:>9.2f}  {name[:150]}")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench guard", description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=HERE.parents[1] / "build/release/bin/leat_bench_paths", help="leat_bench_paths")
    parser.add_argument("--budget", type=pathlib.Path, default=HERE / "budget.json", help="file with the budget")
    parser.add_argument("--update", action="store_true", help="make what is measured the budget")
    parser.add_argument("--profile", action="store_true", help="list what costs most, by function, instead")
    return parser.parse_args()


def main():
    options = arguments()
    held = json.loads(options.budget.read_text())
    check_processor(pathlib.Path("/proc/cpuinfo").read_text())
    counter = Counter(options.program)
    records = held["records"]
    if options.profile:
        print_profile(counter, records)
        return 0
    compiler = counter.compiler()
    measured = {path: per_record(counter.count(path, records), counter.count(path, 2 * records), records) for path in PATHS}
    print(table(measured, held["instructions_per_record"]))
    if options.update:
        held.update(compiler=compiler, instructions_per_record=measured)
        options.budget.write_text(json.dumps(held, indent=2) + "\n")
        return 0
    lines, kept = verdict(measured, held["instructions_per_record"], held["tolerance_percent"])
    if compiler != held["compiler"]:
        lines.append(f"the budget is of {held['compiler']}, this was built by {compiler}: --update makes it one of this compiler")
        kept = False
    print("\n".join(lines) if lines else "The budget is kept.")
    return 0 if kept else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GuardError as error:
        print(f"guard: {error}", file=sys.stderr)
        sys.exit(2)
