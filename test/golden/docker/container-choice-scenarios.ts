import { built, files } from './container-scenarios.ts';
import type { Scenario } from './scenario.ts';

const none = '--network none';
const attached = "'{{.Config.AttachStdin}} {{.Config.AttachStdout}} {{.Config.AttachStderr}} {{.Config.StdinOnce}}'";

const streams: Scenario = {
  name: 'streams to attach to',
  files,
  steps: [
    built,
    { line: `create ${none} --name out -a stdout box sh -c 'echo out; echo err >&2'`, names: 'out' },
    { line: `create ${none} --name in -i box cat`, names: 'in' },
    { line: `create ${none} --name both -i -a stderr box cat`, names: 'both' },
    { line: `run ${none} --name left -d -i box true`, names: 'left' },
    `inspect -f ${attached} out in both left`,
    'start -a out',
    { line: 'start -ai in', input: 'given\n' },
    'logs in',
  ],
};

const written: Scenario = {
  name: 'paths in any form',
  files,
  steps: [
    built,
    `run --rm ${none} -w //tmp/..//etc/. box pwd`,
    `run --rm ${none} -w tmp/.. box pwd`,
    `run --rm ${none} -v <here>/given/../given://a/../b/ box cat /b/file`,
    `run --rm ${none} -v <here>/given:/a/.. box true`,
    `run --rm ${none} --mount type=bind,src=<here>//given,dst=/a/../b box cat /b/file`,
    `run --rm ${none} --tmpfs /a/../b box grep ' /b ' /proc/mounts`,
    `run --rm ${none} --tmpfs /.. box true`,
    `run --rm ${none} -v <here>/given:/x/../c -v <here>/given:/c/ box true`,
    {
      line: `create ${none} --name paths -w /a/../b -v <here>/./given:/x/../c --tmpfs //t box true`,
      names: 'paths',
    },
    "inspect -f '{{.Config.WorkingDir}} {{json .HostConfig.Binds}} {{json .HostConfig.Tmpfs}} {{json .Mounts}}' paths",
  ],
};

const kept: Scenario = {
  name: 'log drivers and runtimes',
  files,
  steps: [
    built,
    `run ${none} --name quiet --log-driver none box echo said`,
    'logs quiet',
    `run ${none} --name small --log-driver local --log-opt max-size=1k box echo said`,
    'logs small',
    "inspect -f '{{json .HostConfig.LogConfig}} {{.LogPath}}' quiet small",
    `run --rm ${none} --log-driver nonsense box true`,
    `create ${none} --log-driver nonsense box true`,
    `run --rm ${none} --log-driver none --log-opt max-size=1k box true`,
    `run --rm ${none} --log-opt nonsense=1 box true`,
    `run --rm ${none} --log-opt mode=nonsense box true`,
    `run --rm ${none} --log-driver '' --runtime '' --userns '' box echo said`,
    `run --rm ${none} --runtime runc --userns host box echo said`,
    `run --rm ${none} --runtime nonsense box true`,
    `run --rm ${none} --userns nonsense box true`,
    'ps -a --format raw -f name=quiet',
    'ps -aq --format raw -f name=quiet',
  ],
};

export const choiceScenarios: readonly Scenario[] = [streams, written, kept];
