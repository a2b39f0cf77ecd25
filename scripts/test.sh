#!/bin/sh
# Everything `npm test` does: set-up, checks of the code, then the tests. Arguments name single test files.
# At the end it tells what was skipped; a skip for a reason that test/allowed-skips.txt does not list fails the run.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh test
PATH=$PWD/node_modules/.bin:$PATH
export PATH
if [ $# -eq 0 ]; then
  # The checkers would keep their caches in the temporary folder and in the home folder.
  NODE_COMPILE_CACHE=$PWD/node_modules/.cache/compiled XDG_CACHE_HOME=$PWD/node_modules/.cache npm run --silent check
  set -- 'test/**/*.test.ts'
fi
code=0
node --test --test-concurrency=2 --test-timeout=300000 \
  --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=./test/helpers/run-summary.ts --test-reporter-destination=stdout \
  "$@" || code=$?
# What all stores have in common; rmdir leaves it to whoever still uses it.
rmdir /run/strata /sys/fs/cgroup/strata /sys/fs/cgroup/*/strata 2>/dev/null || :
exit "$code"
