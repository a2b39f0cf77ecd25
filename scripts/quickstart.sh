#!/bin/sh
# Goes from a fresh clone to a running container: sets up, builds hello-world FROM scratch, runs it, shows its layers. Then
# builds and runs an image with a shell, of Debian's busybox-static.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh shell

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
show build -t busybox -f examples/busybox/Dockerfile /usr/bin
show run --rm busybox uname -a
printf '\nA shell of your own: ./bin/strata run -it --rm busybox\n'
