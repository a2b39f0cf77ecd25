#!/bin/sh
# Builds the package, then measures it against the installed peers (see bench/README.md).
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh
PATH=$PWD/node_modules/.bin:$PATH
export PATH
npm run --silent build
exec node bench/run.ts "$@"
