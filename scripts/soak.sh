#!/bin/sh
# Runs the tests of `npm test` with their full numbers of rounds. Arguments name single test files.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh test
. scripts/test-environment.sh
export STRATA_SOAK=1
[ $# -gt 0 ] || set -- 'test/**/*.test.ts'
node --test --test-concurrency=1 "$@"
