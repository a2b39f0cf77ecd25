#!/bin/sh
# Everything `npm test` does: set-up, checks of the code, then the tests. Arguments name single test files.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh test
PATH=$PWD/node_modules/.bin:$PATH
export PATH
if [ $# -eq 0 ]; then
  npm run --silent check
  set -- 'test/**/*.test.ts'
fi
exec node --test --test-concurrency=2 --test-timeout=300000 "$@"
