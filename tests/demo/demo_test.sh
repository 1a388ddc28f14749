#!/bin/bash
# Runs the demo as a user would, in a directory of its own that is removed afterwards, and checks what it says and leaves behind.
#
#   demo_test.sh agrees|rotated|disagrees|no_log|interrupted      with LEAT_DEMO_BIN set
set -euo pipefail
export LC_ALL=C

demo=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/demo.sh
scratch=$(mktemp -d "${TMPDIR:-/tmp}/leat-demo-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch
cd "$scratch"

fail() {
  echo "FAILED: $*"
  exit 1
}

# run_demo EXPECTED_STATUS
run_demo() {
  local status=0
  "$demo" >output 2>&1 || status=$?
  cat output
  ((status == $1)) || fail "exit code $status instead of $1"
}

unpacked_logs() { zcat -f /var/log/dpkg.log* | grep -aE '^[0-9]{4}-[0-9-]{5} [0-9:]{8} '; }
says() { grep -qF -- "$1" output || fail "the output does not say: $1"; }
nothing_runs() {
  local address
  address=$(sed -nE 's/.*leatd listens on ([0-9.:]+) .*/\1/p' output)
  ! pgrep -fa -- "$scratch/leat-demo|leat://${address:-none}" || fail "a process is left behind"
}
data_is_named_and_there() {
  compgen -G "leat-demo.*/data/journal/*" >/dev/null || fail "there is no data"
  says "$(compgen -G "$scratch/leat-demo.*")"
}

agrees() {
  run_demo 0
  says "none lost, none twice"
  says "every state and version agrees"
  says "The daemon is stopped"
  nothing_runs
  data_is_named_and_there
}

# Compressed, without the end of a last line, and with the zero bytes that a machine leaves when it loses its power.
rotated() {
  unpacked_logs | sort -s -k 1,2 >all
  local third=$(($(wc -l <all) / 3))
  sed -n "1,${third}p" all | gzip >dpkg.log.2.gz
  { echo "no event"; sed -n "$((third + 1)),$((2 * third))p" all | head -c -1; } >dpkg.log.1
  { printf '\0\0\0'; sed -n "$((2 * third + 1)),\$p" all; } >dpkg.log
  export LEAT_DEMO_LOG_GLOB="$scratch/dpkg.log*"
  run_demo 0
  says "(3 files)"
  says "Lines that have no time, and so are no events: 1."
  says "every state and version agrees"
  tail -n 1 all | cmp - <(tail -n 1 leat-demo.*/events.log) || fail "the newest event is not the last one"
}

# One line more than the package manager wrote: a version that it does not know.
disagrees() {
  unpacked_logs | sort -s -k 1,2 >dpkg.log
  local date time package
  read -r date time package < <(awk '$3 == "status" && $4 == "installed" { line = $1 " " $2 " " $5 } END { print line }' dpkg.log)
  echo "$date $time status installed $package 0-altered" >>dpkg.log
  export LEAT_DEMO_LOG_GLOB="$scratch/dpkg.log*"
  run_demo 1
  says "     $package: the log says \"installed 0-altered\", dpkg-query says \""
  says "   1 of "
  nothing_runs
  data_is_named_and_there
}

no_log() {
  export LEAT_DEMO_LOG_GLOB="$scratch/dpkg.log*"
  run_demo 1
  says "there are no package manager's events in $scratch/dpkg.log*"
  : >dpkg.log
  run_demo 1
  says "there are no package manager's events in $scratch/dpkg.log*"
  echo "this is no event" >dpkg.log
  run_demo 1
  says "is it a log of dpkg?"
  nothing_runs
}

# As a terminal does it: the whole process group gets the signal. Job control, as a shell without it starts programs that ignore it.
interrupted() {
  local pid status=0
  set -m
  "$demo" >output 2>&1 &
  pid=$!
  until grep -q '^4\.' output; do kill -0 "$pid" || fail "the demo ended by itself"; sleep 0.02; done
  kill -INT -- "-$pid"
  wait "$pid" || status=$?
  cat output
  ((status == 130)) || fail "exit code $status instead of 130"
  says "stopped before the end. No daemon is left running"
  nothing_runs
  data_is_named_and_there
}

"$1"
