#!/bin/sh
# The long sweeps: the same tests as `npm test`, with their full figures. Arguments name single test files.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh test
PATH=$PWD/node_modules/.bin:$PATH
STRATA_SOAK=1
export PATH STRATA_SOAK
[ $# -gt 0 ] || set -- 'test/**/*.test.ts'
exec node --test --test-concurrency=1 "$@"
