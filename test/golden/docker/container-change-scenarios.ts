import { built, files } from './container-scenarios.ts';
import type { Scenario } from './scenario.ts';

const none = '--network none';
const listed = `run --rm ${none} -v <here>:/h box sh -c 'cd /h; find host bind kept | sort | while read x; do stat -c "%A %u %g %N" "$x"; done'`;

const copying: Scenario = {
  name: 'copies, also through mounts',
  files: {
    ...files,
    'bind/was': 'was\n',
    'bind/sub/deep': 'deep\n',
    'kept/r': 'r\n',
    'host/': { mode: 0o755 },
    todir: { link: 'given' },
  },
  steps: [
    built,
    {
      line: `run -d --name cc ${none} -v <here>/bind:/bind -v <here>/kept:/ro:ro -v <here>/given/file:/one box sh -c
        'mkdir -p /dir/sub /empty; echo f > /dir/f; ln -s f /dir/l; ln -s /dir /abs; ln -s /nope /dead; sleep 1000'`,
      keep: 'code',
    },
    { line: "exec cc sh -c 'until test -h /dead; do sleep 0.05; done'" },
    'cp cc:/dir/f host/missing/',
    'cp cc:/dir/f/ host',
    'cp cc:/dir given/file',
    'cp cc:/dir host',
    'cp cc:/abs host/link',
    'cp -L cc:/abs host/followed',
    'cp :/x host',
    'cp given/file cc:/empty/missing/',
    'cp given cc:/dir/f',
    'cp given/file cc:/dir/sub',
    'cp given/file cc:/abs/through',
    'cp -L todir cc:/followed',
    { line: 'cp - cc:/missing', input: '' },
    'cp given -',
    'cp given/file cc:/bind/running',
    'cp given/file cc:/ro/x',
    'stop -t 0 cc',
    'cp cc:/bind/sub host/sub',
    'cp given cc:/bind/stopped',
    'cp given/file cc:/bind/sub',
    'cp given/file cc:/ro/x',
    'cp cc:/etc/hostname host/',
    { line: `create --name new ${none} -v <here>/bind:/deep/in/bind box true`, names: 'new' },
    'cp given/file new:/deep/in/bind/new',
    'cp new:/deep/in/bind/was host/was',
    listed,
    'diff new',
    "commit -c 'USER 5' -c 'WORKDIR /q' -c 'ENTRYPOINT [\"a\"]' -c 'LABEL q=r' -c 'ENV A=b' new changed",
    "inspect -f '{{.Config.User}} {{.Config.WorkingDir}} {{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.Env}}' changed",
    "commit -c 'RUN x' new",
    "rename new ''",
    'rename new /slash',
    'rm -f -v cc slash missing',
  ],
};

export const changeScenarios: readonly Scenario[] = [copying];
