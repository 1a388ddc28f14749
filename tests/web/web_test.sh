#!/bin/bash
# Runs one file of tests, or says what it lacks and is skipped.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

skip() {
  echo "skipped: $1 (./dev setup installs it)"
  exit 77
}

[[ -x $NODE ]] || skip "node is missing"
[[ -d $MODULES/node_modules/ws && -d $MODULES/node_modules/cloudevents ]] || skip "npm's ws and cloudevents are missing"
exec "$NODE" --test --test-reporter=spec "$1"
