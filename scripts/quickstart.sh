#!/bin/sh
# From a fresh clone to a running container: sets up, builds hello-world FROM scratch, runs it, shows its layers.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh

show() {
  printf '\n$ ./bin/strata'
  printf ' %s' "$@"
  printf '\n'
  ./bin/strata "$@"
}

show build -t hello-world examples/hello-world
show run --rm hello-world
show images
show history hello-world
