# What test runs have in common; sourced from the checkout's folder.
PATH=$PWD/node_modules/.bin:$PATH
# A test that names no store would use the machine's.
STRATA_ROOT=/proc/a-test-that-names-no-store
# Nor does a test depend on how the machine is configured.
STRATA_CONFIG=/dev/null
# Tests call the command thousands of times. Built it takes a tenth of the time that it takes from its sources.
# Each run has its own, which goes with it.
command_folder=$(mktemp -d)
trap 'rm -rf "$command_folder"' EXIT
ln -s "$PWD/node_modules" "$command_folder/node_modules"
STRATA_COMMAND=$(node tools/build-command.ts "$command_folder")
export PATH STRATA_ROOT STRATA_CONFIG STRATA_COMMAND
