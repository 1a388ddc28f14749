#!/bin/bash
# openapi_test.sh BUILD_DIR DOCUMENT: validates the document, and expects to be told of what is wrong with two spoilt ones. Exit
# code 77: what validates is not there and cannot be had.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
build_dir=$1 document=$(readlink -f "$2")

skip() {
  echo "skipped: $*"
  exit 77
}

command -v node >/dev/null && command -v npm >/dev/null || skip "node and npm are needed to validate the OpenAPI description"
mkdir -p "$build_dir"
cd "$build_dir"
if ! cmp -s "$here/package-lock.json" installed-lock.json; then
  cp "$here/package.json" "$here/package-lock.json" .
  npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1 ||
    skip "npm could not bring the validator, see $build_dir/npm.log: $(tail -n 1 npm.log)"
  cp package-lock.json installed-lock.json
fi

node "$here/validate.mjs" "$document"

# It does find what is wrong.
sed 's/"operationId"/"operationid"/' "$document" >wrong_member.json
sed 's/"status": 400,/"status": "400",/' "$document" >wrong_example.json
for wrong in wrong_member.json wrong_example.json; do
  cmp -s "$wrong" "$document" && { echo "nothing to break in $wrong"; exit 1; }
  if node "$here/validate.mjs" "$wrong" >validated.log 2>&1; then
    echo "$wrong passed"
    exit 1
  fi
done
