import { readFileSync } from 'node:fs';
import type { FolderItem } from '../../helpers/build-folder.ts';
import type { Scenario } from './scenario.ts';

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;

const programs =
  'sh cat chmod chown cp date dd echo find head id ln ls mkdir mkfifo mknod readlink rm sort stat test touch true'.split(
    ' ',
  );

/** Prints for each file of `/out`: type, mode, owner, number of names, time when it is an old one, content. */
const list = lines(
  '#!/bin/sh',
  'cd /out && find . | sort | while read -r f; do',
  '  [ "$f" = . ] && continue',
  '  t=$(stat -c %Y "$f"); [ "$t" -lt 1100000000 ] || t=now',
  '  if [ -L "$f" ]; then echo "l $(stat -c %u:%g "$f") $f -> $(readlink "$f")"',
  '  elif [ -d "$f" ]; then echo "d $(stat -c "%a %u:%g" "$f") $f"',
  '  elif [ -f "$f" ]; then echo "- $(stat -c "%a %u:%g %h" "$f") $t $f $(head -c 40 "$f")"',
  '  else echo "$(stat -c "%F %a %u:%g %t,%T" "$f") $f"; fi',
  'done',
);

const box: Readonly<Record<string, FolderItem>> = {
  Dockerfile: lines('FROM scratch', 'COPY tree /', 'COPY --chmod=755 busybox list /bin/', 'CMD ["list"]'),
  busybox: readFileSync('/bin/busybox'),
  list,
  'tree/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nme:x:1001:1002::/home/me:/bin/sh\n',
  'tree/etc/group': 'root:x:0:\nown:x:1002:\n',
  // Docker leaves the paths that it mounts over in the layer of a RUN.
  'tree/dev/': '',
  'tree/proc/': '',
  'tree/sys/': '',
  ...Object.fromEntries(programs.map((name) => [`tree/bin/${name}`, { link: 'busybox' }])),
};

interface StageCase {
  /** Lines in front of the stage whose files are shown. */
  readonly stages: readonly string[];
  /** Lines of the stage whose files are shown, behind `FROM scratch` unless they have a FROM. */
  readonly out: readonly string[];
  /** Words of the command line. */
  readonly flags?: string;
}

// Files of all kinds, with times of long ago.
const made = [
  'FROM box AS b',
  'RUN mkdir -p /d/sub/deep /e && echo one > /d/one.txt && echo two > /d/sub/two.txt && echo three > /d/sub/deep/three \\',
  ' && ln -s one.txt /d/link && ln -s /d/sub /d/dirlink && ln -s nowhere /d/sub/dangling && ln /d/one.txt /d/hard \\',
  ' && echo dot > /d/.hidden && echo space > "/d/a b" && touch -d "2001-02-03 04:05:06" /d/one.txt /d/sub/two.txt',
];
const owned = [
  'FROM box AS b',
  'RUN mkdir -p /d/sub && echo x > /d/f && chown 1000:2000 /d/f /d/sub && chmod 4755 /d/f && chmod 1777 /d/sub && chown 5:6 /d \\',
  ' && ln -s f /d/l && chown -h 7:8 /d/l && mkfifo -m 600 /d/p && mknod /d/c c 1 3 && mknod /d/b b 7 0 && chown 3:4 /d/c /d/p',
];

const treeCases: Readonly<Record<string, StageCase>> = {
  'a-file': { stages: made, out: ['COPY --from=b /d/one.txt /one'] },
  'a-file-by-number': { stages: made, out: ['COPY --from=0 /d/one.txt /to/'] },
  'a-name-in-any-case': { stages: ['FROM box AS Build', 'RUN echo x > /x'], out: ['COPY --from=bUILD /x /x'] },
  'a-folder': { stages: made, out: ['COPY --from=b /d /new'] },
  'a-folder-with-slashes': { stages: made, out: ['COPY --from=b /d/sub/ /new/'] },
  'a-folder-into-one-that-stands': {
    stages: owned,
    out: [
      'FROM box',
      'RUN mkdir -p /to/sub && chmod 700 /to /to/sub && chown 9:9 /to /to/sub && echo old > /to/f',
      'COPY --from=b /d /to',
      'RUN rm -r /bin/list',
    ],
  },
  owners: { stages: owned, out: ['COPY --from=b /d /d', 'COPY --from=b /d/f /f', 'COPY --from=b /d/f /new/dir/'] },
  'owners-of-chown': {
    stages: owned,
    out: ['COPY --from=b --chown=11:12 /d /d', 'COPY --from=b --chown=13 /d/f /new/f'],
  },
  'owners-by-name': {
    stages: owned,
    out: ['FROM box', 'COPY --from=b --chown=me:own /d /d', 'USER me', 'COPY --from=b /d/f /e/'],
  },
  modes: { stages: owned, out: ['COPY --from=b --chmod=640 /d /d', 'COPY --from=b --chmod=0711 /d/f /f'] },
  'several-sources': { stages: made, out: ['COPY --from=b /d/one.txt /d/sub/two.txt /d/sub/deep /to/'] },
  wildcards: {
    stages: made,
    out: ['COPY --from=b /d/*.txt /a/', 'COPY --from=b /d/s*/t??.txt /b/', 'COPY --from=b /d/s*/d??p /c'],
  },
  'wildcards-that-match-nothing': { stages: made, out: ['COPY --from=b /d/nope* /d/one.txt /a/'] },
  'names-with-spaces': { stages: made, out: ['COPY --from=b ["/d/a b", "/d/.hidden", "/to it/"]'] },
  'symlinks-as-sources': {
    stages: made,
    out: [
      'COPY --from=b /d/link /file',
      'COPY --from=b /d/dirlink /dir',
      'COPY --from=b /d/dirlink/two.txt /through',
      'COPY --from=b /d/dirlink/ /slash/',
    ],
  },
  'symlinks-out': {
    stages: [
      'FROM box AS b',
      'RUN mkdir /d && ln -s ../../../../../etc/group /d/up && ln -s /etc /d/etc && ln -s / /d/root',
    ],
    out: ['COPY --from=b /d/up /a', 'COPY --from=b /d/etc/group /b', 'COPY --from=b /d /d'],
  },
  'a-symlink-to-the-root': {
    stages: ['FROM box AS b', 'RUN mkdir /d && ln -s / /d/root'],
    out: ['COPY --from=b /d/root/d/root/etc/passwd /a'],
  },
  'relative-to-the-root': {
    stages: ['FROM box AS b', 'WORKDIR /w/v', 'RUN echo w > /w/v/f && echo r > /f'],
    out: ['WORKDIR /o', 'COPY --from=b f here', 'COPY --from=b w/v/f ./there/', 'COPY --from=b ../../w /w'],
  },
  everything: { stages: ['FROM scratch AS b', 'COPY tree/etc /etc/', 'COPY list /x/y/'], out: ['COPY --from=b / /'] },
  'an-empty-stage': { stages: ['FROM scratch AS b', 'LABEL a=b'], out: ['COPY --from=b / /all/'] },
  'an-image': { stages: [], out: ['COPY --from=box /etc/passwd /a', 'COPY --from=box:latest etc/g* /b/'] },
  'a-stage-called-like-an-image': {
    stages: ['FROM box AS other', 'RUN echo own > /own', 'FROM other AS box', 'RUN echo more > /more'],
    out: ['COPY --from=box /own /more /'],
  },
  'a-stage-on-a-stage': {
    stages: ['FROM box AS a', 'RUN echo a > /a && rm /bin/list', 'FROM a AS b', 'RUN echo b > /b && rm /a'],
    out: ['COPY --from=b / /x/', 'COPY --from=a /a /a'],
  },
  'one-stage-twice': {
    stages: ['FROM box AS a', 'RUN echo 1 > /f', 'FROM a AS b', 'RUN echo 2 > /f', 'FROM a AS c', 'RUN echo 3 > /f'],
    out: ['COPY --from=a /f /a', 'COPY --from=b /f /b', 'COPY --from=c /f /c'],
  },
  'the-last-of-one-name': {
    stages: ['FROM box AS a', 'RUN echo first > /f', 'FROM box AS a', 'RUN echo second > /f', 'FROM a AS c'],
    out: ['COPY --from=a /f /a', 'COPY --from=c /f /c', 'COPY --from=0 /f /n'],
  },
  'in-three-hops': {
    stages: [
      'FROM box AS a',
      'RUN echo x > /x && chown 1:2 /x',
      'FROM scratch AS b',
      'COPY --from=a /x /y',
      'FROM scratch AS c',
      'COPY --from=b /y /z',
    ],
    out: ['COPY --from=c /z /end/'],
  },
  linked: {
    stages: owned,
    out: [
      'FROM box',
      'RUN mkdir /d && chmod 700 /d && rm /bin/list',
      'COPY --link --from=b /d /d',
      'COPY --link --chown=1:2 --from=b /d/f /l/',
    ],
  },
  'after-which-it-is-changed': {
    stages: made,
    out: ['FROM box', 'COPY --from=b /d /d', 'RUN rm -r /d/sub && echo more >> /d/one.txt && chmod 700 /d'],
  },
  'args-before-from': {
    stages: [
      'ARG base=nothing',
      'ARG tag=latest',
      'FROM ${base}:$tag AS b',
      'RUN echo "[$base]" > /a',
      'ARG base',
      'RUN echo "[$base]" > /b',
    ],
    out: ['COPY --from=b /a /b /'],
    flags: '--build-arg base=box',
  },
  'args-of-each-stage': {
    stages: [
      'ARG v=global',
      'FROM box AS b',
      'ARG v=stage',
      'RUN echo $v > /b',
      'FROM box AS c',
      'RUN echo "[$v]" > /c',
      'ARG v',
      'RUN echo $v > /d',
    ],
    out: ['COPY --from=b /b /', 'COPY --from=c /c /d /'],
  },
  'args-given': {
    stages: ['ARG v=global', 'ARG w=${v}x', 'FROM box AS b', 'ARG v=stage', 'ARG w', 'RUN echo $v $w > /b'],
    out: ['COPY --from=b /b /'],
    flags: '--build-arg v=given',
  },
  'args-with-a-default-in-from': {
    stages: [
      'ARG nothing',
      'FROM ${nothing:-box} AS b',
      'ENV dir=/made',
      'RUN mkdir $dir && echo x > $dir/x',
      'FROM b AS c',
    ],
    out: ['FROM c AS d', 'COPY --from=b $dir/x ${dir}/y', 'RUN rm /bin/list'],
  },
  platforms: {
    stages: [
      'FROM --platform=$BUILDPLATFORM box AS b',
      'ARG TARGETPLATFORM BUILDPLATFORM',
      'RUN echo $TARGETPLATFORM $BUILDPLATFORM > /p',
      'FROM --platform=linux/amd64 box AS c',
      'RUN echo c > /c',
    ],
    out: ['COPY --from=b /p /', 'COPY --from=c /c /'],
  },
  'stages-nobody-needs': {
    stages: [
      'FROM nowhere/x AS u',
      'RUN false',
      'FROM box AS v',
      'COPY --from=u /x /x',
      'RUN exit 3',
      'FROM box AS b',
      'RUN echo x > /x',
    ],
    out: ['COPY --from=b /x /x'],
  },
  'triggers-of-a-stage': {
    stages: ['FROM box AS b', 'ONBUILD RUN echo triggered > /t', 'RUN echo b > /b', 'FROM b AS c', 'RUN echo c > /c'],
    out: ['COPY --from=c /t /b /c /'],
  },
  'heredocs-beside': { stages: made, out: ['COPY --from=b /d/one.txt /a', 'COPY <<EOF /b', 'inline', 'EOF'] },
};

const fileOf = (name: string): string => `${name}.Dockerfile`;

const dockerfileOf = ({ stages, out }: StageCase): string => {
  const [first = '', ...rest] = out;
  const named = first.startsWith('FROM ')
    ? [`${first.replace(/ AS .*/, '')} AS out`, ...rest]
    : ['FROM scratch AS out', ...out];
  return lines(...stages, ...named, 'FROM box', 'COPY --from=out / /out');
};

function treesOf(name: string, cases: readonly (readonly [string, StageCase])[]): Scenario {
  return {
    name,
    files: { ...box, ...Object.fromEntries(cases.map(([each, given]) => [fileOf(each), dockerfileOf(given)])) },
    steps: [
      { line: 'build -q -t box .', keep: 'code' },
      ...cases.flatMap(([each, { flags = '' }]) => [
        {
          line: `build -q --network none ${flags} -t ${each} -f ${fileOf(each)} .`.replaceAll('  ', ' '),
          keep: 'code' as const,
        },
        `run --rm --network none ${each}`,
      ]),
    ],
  };
}

const failing: Readonly<Record<string, readonly string[]>> = {
  'no-file': ['FROM box AS b', 'FROM scratch', 'COPY --from=b /nope /'],
  'no-file-through-a-symlink': ['FROM box AS b', 'RUN ln -s /nowhere /l', 'FROM scratch', 'COPY --from=b /l/x /'],
  'a-dangling-symlink-below-a-wildcard': [
    'FROM box AS b',
    'RUN mkdir -p /d/sub && ln -s nowhere /d/sub/l',
    'FROM scratch',
    'COPY --from=b /d/s* /x/',
  ],
  'no-image': ['FROM scratch', 'COPY --from=nowhere/x / /'],
  'no-image-of-a-stage': ['FROM nowhere/x AS b', 'FROM scratch', 'COPY --from=b / /'],
  'a-base-in-upper-case': ['FROM box AS First', 'FROM First', 'LABEL a=b'],
  'no-such-name': ['FROM scratch', 'COPY --from=Upper/Case / /'],
  'a-later-stage': ['FROM box AS a', 'COPY --from=b / /x', 'FROM box AS b', 'FROM a'],
  'a-later-number': ['FROM box', 'COPY --from=1 / /x', 'FROM box', 'FROM box'],
  itself: ['FROM box AS a', 'COPY --from=a /etc /x'],
  'its-own-number': ['FROM box', 'COPY --from=0 /etc /x'],
  circle: ['FROM box AS a', 'COPY --from=b / /x', 'FROM box AS b', 'COPY --from=a / /x', 'FROM b'],
  'no-such-number': ['FROM box', 'COPY --from=7 /etc /x'],
  variable: ['ARG b=box', 'FROM box AS b', 'FROM scratch', 'COPY --from=$b / /x'],
  'empty-from': ['FROM box', 'COPY --from= /etc /x'],
  'add-from': ['FROM box', 'ADD --from=box /etc /x'],
  'no-base': ['ARG base', 'FROM $base', 'LABEL a=b'],
  'no-scope': ['FROM box AS a', 'ARG base=box', 'FROM $base'],
  'name-of-a-number': ['FROM box AS 1st', 'LABEL a=b'],
  'name-with-signs': ['FROM box AS a/b', 'LABEL a=b'],
  'no-name': ['FROM box AS', 'LABEL a=b'],
  'no-as': ['FROM box a', 'LABEL a=b'],
  'a-command-of-a-stage': ['FROM box AS b', 'RUN exit 3', 'FROM scratch', 'COPY --from=b / /x'],
  'several-to-a-file': ['FROM box AS b', 'FROM scratch', 'COPY --from=b /etc/passwd /etc/group /x'],
  'folder-onto-a-file': ['FROM box AS b', 'FROM box', 'COPY --from=b /etc /bin/list'],
  'unknown-owner': ['FROM box AS b', 'FROM box', 'COPY --from=b --chown=nobody /etc /x'],
  'unknown-platform': ['FROM --platform=some/thing/that/is box', 'LABEL a=b'],
  'empty-platform': ['FROM --platform=$nothing box', 'LABEL a=b'],
};

const choosing: Scenario = {
  name: 'which one, and what it says',
  files: {
    ...box,
    'stages.Dockerfile': lines(
      'FROM box AS First',
      'MAINTAINER first',
      'ENV STAGE=first ONLY=first',
      'LABEL stage=first first=yes',
      'EXPOSE 1',
      'USER me',
      'WORKDIR /first',
      'CMD ["first"]',
      'FROM first AS second',
      'ENV STAGE=second',
      'LABEL stage=second',
      'EXPOSE 2',
      'WORKDIR here',
      'ENTRYPOINT ["second"]',
      'FROM box',
      'COPY --from=first /etc/passwd /copied',
      'LABEL stage=third',
      'FROM scratch AS last',
      'COPY --from=2 --chown=1 /copied /',
      'CMD ["last"]',
    ),
  },
  steps: [
    { line: 'build -q -t box .', keep: 'code' },
    ...['first', 'SECOND', '', 'stage-2', 'missing', '2'].flatMap((target, at) => [
      {
        line: `build -q ${target === '' ? '' : `--target ${target} `}-t t${at} -f stages.Dockerfile .`,
        names: `t${at}`,
      },
      `inspect --format '{{json .Config}} {{.Author}} {{len .RootFS.Layers}}' t${at}`,
      `history --format '{{.CreatedBy}}' --no-trunc t${at}`,
    ]),
    { line: 'build -q --label given=yes --target second -t labelled -f stages.Dockerfile .', names: 'labelled' },
    "inspect --format '{{json .Config.Labels}}' labelled",
  ],
};

const failures: Scenario = {
  name: 'failures',
  files: {
    ...box,
    ...Object.fromEntries(Object.entries(failing).map(([name, dockerfile]) => [fileOf(name), lines(...dockerfile)])),
  },
  steps: [
    { line: 'build -q -t box .', keep: 'code' },
    ...Object.keys(failing).map((name) => `build --network none -f ${fileOf(name)} .`),
  ],
};

const all = Object.entries(treeCases);
const half = Math.ceil(all.length / 2);

export const stageScenarios: readonly Scenario[] = [
  treesOf('trees, first half', all.slice(0, half)),
  treesOf('trees, second half', all.slice(half)),
  choosing,
  failures,
];
