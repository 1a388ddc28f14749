#!/bin/bash
# Runs console_test.mjs, or says what it lacks and is skipped.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

skip() {
  echo "skipped: $1 (./dev setup installs it)"
  exit 77
}

[[ -x $NODE ]] || skip "node is missing"
[[ -x $CHROMIUM ]] || skip "chromium is missing"
[[ -d $MODULES/node_modules/playwright-core ]] || skip "playwright-core is missing"
exec "$NODE" --test --test-reporter=spec console_test.mjs
