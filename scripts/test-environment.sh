# Common environment of test runs; sourced from the checkout's folder.
PATH=$PWD/node_modules/.bin:$PATH
# Otherwise a test that names no store would use the machine's store.
STRATA_ROOT=/proc/a-test-that-names-no-store
# Tests do not depend on the machine's configuration.
STRATA_CONFIG=/dev/null
# Tests call the command thousands of times, and a built one takes a tenth of the time of the sources. Each run builds its own
# command and removes it at the end.
command_folder=$(mktemp -d)
trap 'rm -rf "$command_folder"' EXIT
ln -s "$PWD/node_modules" "$command_folder/node_modules"
STRATA_COMMAND=$(node tools/build-command.ts "$command_folder")
export PATH STRATA_ROOT STRATA_CONFIG STRATA_COMMAND
