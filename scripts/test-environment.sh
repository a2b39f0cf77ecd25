# What test runs have in common; sourced from the checkout's folder.
PATH=$PWD/node_modules/.bin:$PATH
# A test that names no store would use the machine's.
STRATA_ROOT=/proc/a-test-that-names-no-store
# Nor does a test depend on how the machine is configured.
STRATA_CONFIG=/dev/null
# Tests call the command thousands of times. As it is published it takes a tenth of the time that it takes from its sources.
STRATA_COMMAND=$(node tools/build-command.ts node_modules/.cache/command)
export PATH STRATA_ROOT STRATA_CONFIG STRATA_COMMAND
