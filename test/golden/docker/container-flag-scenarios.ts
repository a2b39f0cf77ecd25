import { built, files } from './container-scenarios.ts';
import type { Scenario } from './scenario.ts';

const none = '--network none';

const images: Readonly<Record<string, string>> = {
  'full/Dockerfile': `FROM box
ENV A=image B=two
USER me
WORKDIR /srv/app
ENTRYPOINT ["echo", "entry"]
CMD ["cmd", "arg"]
STOPSIGNAL SIGUSR1
SHELL ["/bin/sh", "-ec"]
LABEL x=y
`,
  'shell/Dockerfile': 'FROM box\nSHELL ["/bin/sh", "-xc"]\nENTRYPOINT echo shell "$@"\nCMD echo cmd\n',
  'empty/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n',
};

const overriding: Scenario = {
  name: 'settings of the image and flags against them',
  files: { ...files, ...images },
  steps: [
    built,
    ...['full', 'shell', 'empty'].map((name) => ({ line: `build -q -t ${name} ${name}`, keep: 'code' as const })),
    `run --rm ${none} full`,
    `run --rm ${none} full x y`,
    `run --rm ${none} --entrypoint id full`,
    `run --rm ${none} --entrypoint '' full`,
    `run --rm ${none} --entrypoint '' full pwd`,
    `run --rm ${none} --entrypoint env --hostname h full`,
    `run --rm ${none} --entrypoint env --hostname h -e A=mine -e B full`,
    `run --rm ${none} --entrypoint env --hostname h -e A=1 -e A= -e B=1 -e B full`,
    `run --rm ${none} --entrypoint id -u 0 full`,
    `run --rm ${none} --entrypoint id -u :staff full`,
    `run --rm ${none} shell`,
    `run --rm ${none} --entrypoint echo shell`,
    `run --rm ${none} empty`,
    `run --rm ${none} empty /missing`,
    {
      line: `create --name made ${none} -u 5 -w /q --stop-signal 9 --stop-timeout 3 -e A=3 -l x=z full a b`,
      names: 'made',
    },
    "inspect -f '{{json .Config.Env}} {{json .Config.Labels}} {{.Config.User}} {{.Config.WorkingDir}}' made",
    "inspect -f '{{.Path}} {{json .Args}} {{json .Config.Entrypoint}} {{json .Config.Cmd}}' made",
  ],
};

const flags: Scenario = {
  name: 'flags of run',
  files: { ...files, cidfile: 'there\n' },
  steps: [
    built,
    { line: `run --rm ${none} -a stdout box sh -c 'echo out; echo err >&2; exit 3'` },
    { line: `run --rm ${none} -a stderr box sh -c 'echo out; echo err >&2; exit 3'` },
    { line: `run --rm ${none} -a stdin -i box cat`, input: 'nobody sees it\n' },
    { line: `run --rm ${none} -a stdout -i box cat`, input: 'in\n' },
    `run --rm ${none} -a nowhere box true`,
    `run --rm ${none} --pull sometimes box true`,
    `run --rm ${none} --restart no box true`,
    `run --rm ${none} --cidfile cidfile box true`,
    `run --rm ${none} --add-host a:1.2.3.4 --add-host b=::1 --add-host c:[::2] box cat /etc/hosts`,
    'run --rm --network host --add-host me:host-gateway box tail -n 1 /etc/hosts',
    `run --rm ${none} --dns 1.1.1.1 --dns-search x.y --dns-opt ndots:2 box grep -v '^#' /etc/resolv.conf`,
    `run --rm ${none} --tmpfs /made -u me box stat -c %a%u /made`,
    `run --rm ${none} --tmpfs /made:mode=1700,uid=5,size=64k box stat -c %a%u /made`,
    `run --rm ${none} --tmpfs relative box true`,
    `run --rm ${none} --tmpfs / box true`,
    `run --rm ${none} --mount type=bind,src=<here>/given,dst=/in,bind-propagation=odd box true`,
    `run --rm ${none} --mount 'type=bind,"src=<here>/given",dst=/in' box cat /in/file`,
    `run --rm ${none} -v '' box true`,
    `run --rm ${none} -v <here>/given:in box true`,
    `run --rm ${none} -v <here>/given:/ box true`,
    `run --rm ${none} -v <here>/given/file:/f:ro,rw box true`,
    `run --rm ${none} -u 4294967295 box true`,
    `run --rm ${none} -u me --workdir /made/by box stat -c '%u %g %a' .`,
    `run --rm ${none} --sysctl kernel.shmmax=100 box cat /proc/sys/kernel/shmmax`,
    `run --rm ${none} -u me --cap-add net_admin box grep Cap /proc/self/status`,
    `run --rm ${none} --pid odd box true`,
    `run --rm ${none} box sh -c 'kill -9 $$'`,
    'run --rm --network bridge box true',
  ],
};

export const flagScenarios: readonly Scenario[] = [overriding, flags];
