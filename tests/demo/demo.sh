#!/bin/bash
# The tour of leat on real events: this machine's package manager is the publisher's source, and its own database the judge of what
# came out. Exits 0 only when every state agrees. Called by `./dev demo` and by the tests.
#
#   LEAT_DEMO_BIN       where leatd, leat and leat_package_view are (default: the release build's)
#   LEAT_DEMO_LOG_GLOB  the logs to read (default: /var/log/dpkg.log*)
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
bin=${LEAT_DEMO_BIN:-$root/build/release/bin}
log_glob=${LEAT_DEMO_LOG_GLOB:-/var/log/dpkg.log*}
# leatd and leat take settings from LEAT_* variables, and the demo wants their defaults.
unset "${!LEAT_@}"

# A program that has not ended by then never will.
readonly time_limit_s=120
readonly format='%T\t%k\t%v\n'
work='' daemon='' port=''
background=()

heading() { printf '\n%s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
die() {
  printf 'demo: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '      %s\n' "$@" >&2
  exit 1
}

grouped() { sed -E ':more; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; t more' <<<"$1"; }
files() { (($1 == 1)) && echo "1 file" || echo "$1 files"; }
count_lines() { wc -l <"$1"; }
json_number() { sed -nE "s/.*\"$1\":([0-9.]+).*/\1/p" "$2"; }
per_second() { grouped "$(awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f", n / (s > 0.001 ? s : 0.001) }')"; }
now_s() { echo "$EPOCHREALTIME"; }
seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.2f", to - from }'; }

# --- the way out -------------------------------------------------------------------------------------------------------

# What does not stop when asked is stopped anyway: nothing may stay behind.
stop_daemon_process() {
  local tries
  kill "$daemon" 2>/dev/null || true
  for tries in {1..200}; do
    kill -0 "$daemon" 2>/dev/null || break
    ((tries < 200)) || kill -KILL "$daemon" 2>/dev/null || true
    sleep 0.05
  done
  { wait "$daemon" || true; } 2>/dev/null
}

stop_everything() {
  local status=$? pid
  trap - EXIT INT TERM HUP
  for pid in "${background[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${background[@]}"; do { wait "$pid" || true; } 2>/dev/null; done
  if [[ -n $daemon ]]; then
    stop_daemon_process
  fi
  if ((status != 0)) && [[ -n $work ]]; then
    echo "demo: stopped before the end. No daemon is left running; its data, its log and what everyone said are in $work" >&2
  fi
  exit "$status"
}

# --- the input ---------------------------------------------------------------------------------------------------------

# Locks by inode: everyone may read this list, while only root may open dpkg's lock files.
package_manager_is_at_work() {
  local inode
  for inode in $(stat -c %i /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock 2>/dev/null); do
    if grep -qs "WRITE.*:$inode " /proc/locks; then return 0; fi
  done
  return 1
}

find_logs() {
  mapfile -t logs < <(compgen -G "$log_glob")
  local log size=0
  for log in "${logs[@]}"; do
    [[ -r $log ]] || die "$log cannot be read: run the demo as a user who may"
    ((size += $(stat -c %s "$log"))) || true
  done
  ((size > 0)) || die "there are no package manager's events in $log_glob: no file, or empty ones." \
    "The demo needs a Debian machine on which packages were installed since the log began." \
    "Install any package, for instance: apt-get install --reinstall hostname"
}

# Copies of the logs and of dpkg's database from a moment at which both said the same.
take_snapshot() {
  local attempt before
  for attempt in {1..40}; do
    if ((attempt < 20)) && package_manager_is_at_work; then
      ((attempt > 1)) || say "The package manager is at work: waiting for it."
      sleep 1
      continue
    fi
    find_logs
    before=$(stat -c '%n %i %s %Y' "${logs[@]}")
    copy_logs
    dpkg-query -W -f '${Package}:${Architecture} ${db:Status-Status} ${Version}\n' >"$work/database"
    find_logs
    [[ $before != "$(stat -c '%n %i %s %Y' "${logs[@]}")" ]] || return 0
    sleep 0.5
  done
  die "the package manager keeps writing its log: run the demo again when it has finished"
}

# Oldest first, by what the files say rather than by how they are called: rotated logs may carry a number or a date.
copy_logs() {
  local date_time='^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} ' i first ordered
  rm -rf "$work/log"
  mkdir "$work/log"
  for i in "${!logs[@]}"; do
    # A machine that lost its power may leave zero bytes in a log.
    zcat -f -- "${logs[i]}" | tr -d '\000' >"$work/log/$i"
  done
  mapfile -t ordered < <(
    for i in "${!logs[@]}"; do
      first=$(grep -m 1 -aoE "$date_time" "$work/log/$i") || continue
      printf '%s\t%s\t%s\n' "$first" "${logs[i]}" "$work/log/$i"
    done | sort -t $'\t' -k 1,1 -k 2,2rV | cut -f 3
  )
  ((${#ordered[@]} > 0)) || die "no line in $log_glob begins with a date and a time: is it a log of dpkg?"
  grep -ahE "$date_time" "${ordered[@]}" >"$work/lines"
}

# Each line becomes "milliseconds since 1970 <tab> package:architecture <tab> the line". dpkg writes the machine's local time.
make_events() {
  env -u TZ awk -v raw="$work/events.log" '
    {
      stamp = $1 " " $2
      if (stamp != last) { last = stamp; text = stamp; gsub(/[-:]/, " ", text); at = mktime(text) }
      if (at < 0) next
      key = $3 == "status" ? $5 : $3 == "startup" || $3 == "conffile" ? "" : $4
      printf "%d000\t%s\t%s\n", at, key, $0
      print > raw
    }' "$work/lines" >"$work/events.tsv"
  events=$(count_lines "$work/events.tsv")
}

# --- the daemon --------------------------------------------------------------------------------------------------------

# Ports from which the kernel does not serve other programs, so that this one stays free while the daemon is down.
random_port() {
  local first_ephemeral
  read -r first_ephemeral _ </proc/sys/net/ipv4/ip_local_port_range
  ((first_ephemeral > 12000)) || first_ephemeral=32768
  echo $((10240 + (RANDOM * 32768 + RANDOM) % (first_ephemeral - 10240)))
}

# start_daemon PORT: returns 1 when it did not come up.
start_daemon() {
  local listening_before waited_from=$SECONDS
  touch "$work/leatd.log"
  listening_before=$(grep -c ' listening ' "$work/leatd.log") || true
  "$bin/leatd" --data "$work/data" --listen "127.0.0.1:$1" --http off 2>>"$work/leatd.log" &
  daemon=$!
  until (($(grep -c ' listening ' "$work/leatd.log") > listening_before)); do
    if ! kill -0 "$daemon" 2>/dev/null || ((SECONDS - waited_from > 30)); then return 1; fi
    sleep 0.01
  done
}

start_fresh_daemon() {
  local attempt
  for attempt in {1..10}; do
    port=$(random_port)
    start_daemon "$port" && return 0
  done
  die "leatd does not start. Its last words:" "$(tail -n 3 "$work/leatd.log")"
}

# A process that is killed is reported by the shell; here it is meant.
kill_daemon() {
  kill -KILL "$daemon"
  { wait "$daemon" || true; } 2>/dev/null
  daemon=''
}

leat() { timeout -k 5 "$time_limit_s" "$bin/leat" --server "leat://127.0.0.1:$port" -q "$@"; }

# follow TOPIC FORMAT FILE: a subscriber from the topic's start on, until it has as many records as there are events.
follow() {
  : >"$3"
  timeout -k 5 "$time_limit_s" "$bin/leat" --server "leat://127.0.0.1:$port" -q sub "$1" start -n "$events" -f "$2" \
    >"$3" 2>"$3.errors" &
  background+=($!)
}

# publish TOPIC INPUT REPORT
publish() {
  timeout -k 5 "$time_limit_s" "$bin/leat" --server "leat://127.0.0.1:$port" -q -o json pub "$1" --timestamp-prefix -K '\t' \
    <"$2" >"$3" 2>"$3.errors" &
  background+=($!)
}

# finish PID WHO FILE: its success, or the end of the demo with what it said.
finish() {
  local status=0
  wait "$1" || status=$?
  ((status == 0)) || die "$2 failed (exit code $status) after $(count_lines "$3") lines:" "$(tail -n 3 "$3.errors")"
}

stored_records() {
  leat -o json topic describe "$1" | grep -o '"high_watermark":[0-9]*' | awk -F : '{ sum += $2 } END { print sum + 0 }'
}

# check_publisher REPORT TOPIC: as many acknowledged, and as many stored, as there are events.
check_publisher() {
  local acknowledged stored
  acknowledged=$(json_number acknowledged "$1")
  ((acknowledged == events)) || die "$acknowledged of $events events were acknowledged"
  grep -q '"level":"durable"' "$1" || die "the publisher was not told that its events are durable"
  stored=$(stored_records "$2")
  ((stored == events)) || die "topic $2 holds $stored records for $events events"
}

# --- the story ---------------------------------------------------------------------------------------------------------

tell_input() {
  local others
  heading "1. The input: what happened to this machine's packages"
  take_snapshot
  make_events
  ((events > 0)) || die "no line in $log_glob has a time that can be read"
  say "$(grouped "$events") events from $(head -n 1 "$work/events.log" | cut -c 1-16) to" \
    "$(tail -n 1 "$work/events.log" | cut -c 1-16), in $log_glob ($(files "${#logs[@]}"))."
  others=$(($(awk 1 "$work/log"/* | wc -l) - events))
  ((others <= 0)) || say "Lines that have no time, and so are no events: $(grouped "$others")."
  say "Each line is an event: key = package:architecture, time = the line's own, value = the line."
}

tell_daemon() {
  heading "2. A daemon on an empty directory"
  local from
  from=$(now_s)
  start_fresh_daemon
  say "leatd listens on 127.0.0.1:$port after $(seconds_since "$from") s."
}

tell_live() {
  heading "3. Publish everything to topic dpkg-log (1 partition) while two subscribers follow"
  local report=$work/live.report first second
  leat topic create dpkg-log --partitions 1 >"$work/topics"
  follow dpkg-log '%v\n' "$work/live-1.out"
  first=$!
  follow dpkg-log "$format" "$work/live-2.out"
  second=$!
  publish dpkg-log "$work/events.tsv" "$report"
  finish $! "the publisher" "$report"
  finish "$first" "subscriber 1" "$work/live-1.out"
  finish "$second" "subscriber 2" "$work/live-2.out"
  background=()
  check_publisher "$report" dpkg-log
  cmp "$work/events.log" "$work/live-1.out" >&2 || die "subscriber 1 did not get what was published"
  cmp "$work/events.tsv" "$work/live-2.out" >&2 || die "subscriber 2 did not get what was published"
  say "Published $(grouped "$events") events in $(json_number seconds "$report") s:" \
    "$(per_second "$events" "$(json_number seconds "$report")") a second, each on stable storage when acknowledged."
  say "Subscriber 1 wrote down the values, subscriber 2 time, key and value:"
  say "both got every event, in the order of the log, byte for byte."
}

# The events at an even pace, so that there is a middle; the second half only once the daemon is dead.
feed() {
  local half=$((events / 2)) lines=$((events / 100 + 1))
  head -n "$half" "$work/events.tsv" | split --lines="$lines" --filter='cat; sleep 0.02'
  until [[ -e $work/killed ]]; do sleep 0.02; done
  tail -n "+$((half + 1))" "$work/events.tsv" | split --lines="$lines" --filter='cat; sleep 0.01'
}

await_a_third() {
  local file=$1 process
  while (($(count_lines "$file") < events / 3)); do
    for process in "${background[@]}"; do
      kill -0 "$process" 2>/dev/null || die "a program ended too early:" "$(cat "$work"/crash*.errors)"
    done
    sleep 0.005
  done
}

tell_crash() {
  heading "4. Again, to topic packages (4 partitions by key), and kill the daemon half-way"
  local report=$work/crash.report publisher subscribers=() i from groups batches
  leat topic create packages --partitions 4 >>"$work/topics"
  mkfifo "$work/feed"
  for i in 1 2; do
    follow packages "$format" "$work/crash-$i.out"
    subscribers+=($!)
  done
  publish packages "$work/feed" "$report"
  publisher=$!
  feed >"$work/feed" &
  background+=($!)
  await_a_third "$work/crash-1.out"
  kill_daemon
  touch "$work/killed"
  kill -0 "$publisher" 2>/dev/null || die "the publisher had ended before the daemon was killed"
  say "SIGKILL when $(grouped "$(count_lines "$work/crash-1.out")") of $(grouped "$events") events had reached a subscriber;" \
    "publisher and subscribers run on."
  from=$(now_s)
  start_daemon "$port" || die "leatd does not start again. Its last words:" "$(tail -n 3 "$work/leatd.log")"
  read -r groups batches < <(sed -nE 's/.*after_crash=true journal_groups=([0-9]+) batches_replayed=([0-9]+).*/\1 \2/p' "$work/leatd.log") ||
    die "the restarted leatd does not know of a crash:" "$(tail -n 3 "$work/leatd.log")"
  say "Restarted on the same directory, listening after $(seconds_since "$from") s:" \
    "$groups journal groups compared with the log, $batches restored."
  finish "$publisher" "the publisher" "$report"
  for i in 1 2; do finish "${subscribers[i - 1]}" "subscriber $i" "$work/crash-$i.out"; done
  background=()
  check_crash "$report"
  say "All three reconnected by themselves. The publisher sent again what nobody had acknowledged;"
  say "its sequence numbers told the broker what it had stored already, and each subscriber went on where it was."
  say "In the log and at both subscribers: $(grouped "$events") events, none lost, none twice, those of a package in order."
}

# Between partitions there is no order, within a key there is: sorted by key, and otherwise left in order, all must be equal.
check_crash() {
  local i
  check_publisher "$1" packages
  sort -s -t $'\t' -k 2,2 "$work/events.tsv" >"$work/by-key"
  for i in 1 2; do
    sort -s -t $'\t' -k 2,2 "$work/crash-$i.out" | cmp "$work/by-key" - >&2 ||
      die "after the crash, subscriber $i did not get what was published"
  done
}

tell_view() {
  heading "5. Fold the log into a local view, and ask the package manager whether it is true"
  local from took folded packages present wrong
  from=$(now_s)
  "$bin/leat_package_view" "leat://127.0.0.1:$port" packages >"$work/view" 2>"$work/view.errors" ||
    die "the view failed:" "$(cat "$work/view.errors")"
  took=$(seconds_since "$from")
  folded=$(<"$work/view.errors")
  ((folded == events)) || die "the view saw $folded of $events events"
  packages=$(count_lines "$work/view")
  ((packages > 0)) || die "the log holds no package's state"
  present=$(awk '$2 == "installed" { ++n } END { print n + 0 }' "$work/view")
  say "A program of the C++ SDK read topic packages from its start in $took s:" \
    "$(grouped "$folded") events, $(grouped "$packages") packages."
  awk '
    FILENAME == ARGV[1] { database[$1] = $2 " " $3; next }
    {
      theirs = $1 in database ? database[$1] : "not-installed "
      if (theirs != $2 " " $3) printf "%s: the log says \"%s\", dpkg-query says \"%s\"\n", $1, $2 " " $3, theirs
    }' "$work/database" "$work/view" >"$work/differences"
  wrong=$(count_lines "$work/differences")
  if ((wrong > 0)); then
    say "$wrong of $packages states do not agree with dpkg-query:"
    head -n 20 "$work/differences" | sed 's/^/     /'
    die "the view and the package manager's database differ (all of it: $work/differences)"
  fi
  say "dpkg-query on the same $(grouped "$packages") packages: every state and version agrees" \
    "($(grouped "$present") installed, $(grouped $((packages - present))) not)."
}

tell_end() {
  kill "$daemon"
  wait "$daemon" || die "leatd did not stop cleanly:" "$(tail -n 3 "$work/leatd.log")"
  daemon=''
  rm -rf "$work/log" "$work/feed" "$work/lines" "$work/by-key"
  heading "Done. The daemon is stopped."
  say "Its data: $work/data ($(du -sh "$work/data" | cut -f 1), mostly journal files that are recycled for ever)"
  say "Look around: $bin/leatd --data $work/data"
  say "and then:    $bin/leat sub packages start -e | less"
}

main() {
  local program
  for program in leatd leat leat_package_view; do
    [[ -x $bin/$program ]] || die "$bin/$program is missing: run ./dev build first (./dev demo does both)"
  done
  command -v dpkg-query >/dev/null || die "there is no dpkg-query: the demo reads the events of a Debian machine"
  find_logs
  bin=$(cd "$bin" && pwd)
  trap stop_everything EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  work=$(mktemp -d "${TMPDIR:-/tmp}/leat-demo.XXXXXX")
  echo "leat demo: one stream of real events, from publisher to local view, through a crash"
  tell_input
  tell_daemon
  tell_live
  tell_crash
  tell_view
  tell_end
}

main
