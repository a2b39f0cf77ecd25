#!/bin/sh
# Brings a checkout to life on Debian: apt packages that are missing, then the npm packages of the lock file.
# Called again it finds everything there and touches no network.
#   setup.sh         what the product needs
#   setup.sh shell   also a shell for a first image
#   setup.sh test    also what the tests talk to
set -eu
cd "$(dirname "$0")/.."

product="bzip2 conmon libdeflate0 procps runc tini xz-utils"
tests="acl bash-completion btrfs-progs busybox-static e2fsprogs fish isal libarchive-tools libcap2-bin linux-libc-dev mandoc
  pigz skopeo strace umoci zsh zstd"
case "${1:-}" in
shell) wanted="$product busybox-static" ;;
test) wanted="$product $tests" ;;
*) wanted=$product ;;
esac

missing=
for package in $wanted; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1 | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "setup: these Debian packages are missing:$missing" >&2
    echo "hint: run this as root, or install them first: apt-get install$missing" >&2
    exit 1
  fi
  echo "setup: apt-get install$missing"
  export DEBIAN_FRONTEND=noninteractive
  # An old package list may name files that are gone: refresh it, but go on with the list at hand when that fails.
  apt-get update -qq || true
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# npm leaves out optional packages whose `engines` exclude the Node it runs on, be it Debian's 18. What the checks need of
# those (the native parts of oxlint and oxc-parser) therefore stands in package.json as well. No package's scripts are run:
# what they would fetch or compile comes with the packages.
stamp=node_modules/.strata-lock
if ! cmp -s package-lock.json "$stamp"; then
  echo "setup: npm ci"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi
