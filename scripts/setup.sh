#!/bin/sh
# Installs what a checkout needs on Debian: missing apt packages, then the npm packages of the lock file.
# A second call finds everything installed and uses no network.
#   setup.sh         packages of the product
#   setup.sh shell   also a shell for a first image
#   setup.sh test    also the programs that the tests use
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
  # An old package list may name removed files, so refresh it; if that fails, go on with the old list.
  apt-get update -qq || true
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# npm skips optional packages whose `engines` exclude the Node that it runs on, such as Debian's 18. So package.json also names
# those that the checks need (the native parts of oxlint and oxc-parser). No install scripts run: the packages contain all
# that these would fetch or compile.
stamp=node_modules/.strata-lock
if ! cmp -s package-lock.json "$stamp"; then
  echo "setup: npm ci"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi
