import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommandLine } from '../../../src/cli/command-line.ts';
import { commandTable } from '../../../src/cli/command-table.ts';

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// No line of these tests opens a store: none can be created at this path.
process.env['STRATA_ROOT'] = '/proc/no-store';

async function answer(...words: readonly string[]): Promise<Answer> {
  let stdout = '';
  let stderr = '';
  const code = await runCommandLine(words, {
    out: (text) => (stdout += text),
    err: (text) => (stderr += String(text)),
  });
  return { code, stdout, stderr };
}

const wordsOf = (line: string): string[] => (line === '' ? [] : line.split(' '));

/**
 * Docker's response to the same line, with its name replaced: exit code, message, and the command whose help it names.
 */
const mistakes: readonly (readonly [line: string, code: number, message: string, see: string])[] = [
  ['images a b', 1, '"strata images" requires at most 1 argument.', 'strata images'],
  ['ps -v', 125, "unknown shorthand flag: 'v' in -v", 'strata ps'],
  ['system check --format x', 125, 'invalid argument "x" for "--format" flag: must be json', 'strata system check'],
  [
    'save --format x y',
    125,
    'invalid argument "x" for "--format" flag: must be docker-archive or oci-archive',
    'strata save',
  ],
  ['build a b', 1, '"strata build" requires exactly 1 argument.', 'strata build'],
  ['image history a b', 1, '"strata image history" requires exactly 1 argument.', 'strata image history'],
  ['version x', 1, '"strata version" accepts no arguments.', 'strata version'],
  ['--nope', 125, 'unknown flag: --nope', 'strata'],
  ['image --nope', 125, 'unknown flag: --nope', 'strata image'],
  ['run --nope x', 125, 'unknown flag: --nope', 'strata run'],
  ['run --nope=x x', 125, 'unknown flag: --nope', 'strata run'],
  ['image ls --nope', 125, 'unknown flag: --nope', 'strata image ls'],
  ['images -z', 125, "unknown shorthand flag: 'z' in -z", 'strata images'],
  ['build --tag', 125, 'flag needs an argument: --tag', 'strata build'],
  ['run -e', 125, "flag needs an argument: 'e' in -e", 'strata run'],
  ['run -ite', 125, "flag needs an argument: 'e' in -e", 'strata run'],
  ['--root', 125, 'flag needs an argument: --root', 'strata'],
  [
    'run --rm=maybe x',
    125,
    'invalid argument "maybe" for "--rm" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    'strata run',
  ],
  [
    'images --filter x',
    125,
    'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)',
    'strata images',
  ],
  ['run -l =x y', 125, `invalid argument "=x" for "-l, --label" flag: invalid label '=x': empty name`, 'strata run'],
  ['run -e =x y', 125, 'invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x', 'strata run'],
  ['foo', 1, "'foo' is not a strata command.", 'strata'],
  ['image foo', 1, "'image foo' is not a strata command.", 'strata image'],
  ['help foo', 1, 'unknown help topic: foo', 'strata'],
  ['help run extra', 1, 'unknown help topic: extra', 'strata'],
  ['--root= images', 125, 'invalid argument "" for "--root" flag: a path is needed', 'strata'],
  [
    'build --progress fancy .',
    125,
    'invalid progress mode fancy, one of auto, plain, tty, json expected',
    'strata build',
  ],
];

for (const [line, code, message, see] of mistakes) {
  test(`strata ${line}: told in docker's words, with its exit code`, async () => {
    assert.deepEqual(await answer(...wordsOf(line)), {
      code,
      stdout: '',
      stderr: `strata: ${message}\nhint: See '${see} --help'.\n`,
    });
  });
}

const hinted: readonly (readonly [line: string, code: number, message: string, hint: string])[] = [
  ['run', 1, '"strata run" requires at least 1 argument.', 'IMAGE is missing: name or ID of an image.'],
  ['run -it --rm', 1, '"strata run" requires at least 1 argument.', 'IMAGE is missing: name or ID of an image.'],
  ['history', 1, '"strata history" requires exactly 1 argument.', 'IMAGE is missing: name or ID of an image.'],
  [
    'inspect',
    1,
    '"strata inspect" requires at least 1 argument.',
    'NAME|ID is missing: names or IDs of containers and images.',
  ],
  ['rmi', 1, '"strata rmi" requires at least 1 argument.', 'IMAGE is missing: names or IDs of images.'],
  [
    'cp',
    1,
    '"strata cp" requires exactly 2 arguments.',
    'SOURCE is missing: CONTAINER:PATH, IMAGE:PATH, a path, or "-" to read a tar archive from STDIN.',
  ],
  [
    'run -m x y',
    125,
    `invalid argument "x" for "-m, --memory" flag: invalid size: 'x'`,
    'Write a size as a number and one of b, k, m, g or t, for example 512m.',
  ],
  [
    'tag a',
    1,
    '"strata tag" requires exactly 2 arguments.',
    'TARGET_IMAGE is missing: new name, with an optional tag.',
  ],
  ['rename up', 1, '"strata rename" requires exactly 2 arguments.', 'NEW_NAME is missing: new name of the container.'],
  ['exec x', 1, '"strata exec" requires at least 2 arguments.', 'COMMAND is missing: command and arguments.'],
  [
    'build',
    1,
    '"strata build" requires exactly 1 argument.',
    "Name the directory to build from: 'strata build .' for this one.",
  ],
  [
    'image build -t x',
    1,
    '"strata image build" requires exactly 1 argument.',
    "Name the directory to build from: 'strata build .' for this one.",
  ],
  ['load ok.tar', 1, '"strata load" accepts no arguments.', "Name the file with -i: 'strata load -i ok.tar'."],
  ['ps web', 1, '"strata ps" accepts no arguments.', "Filter by name: 'strata ps -f name=web'."],
  ['images --root X', 125, 'unknown flag: --root', "Give --root before the command: 'strata --root <dir> images'."],
  ['image ls --root=X', 125, 'unknown flag: --root', "Give --root before the command: 'strata --root <dir> image ls'."],
  ['run -D x', 125, "unknown shorthand flag: 'D' in -D", "Give -D before the command: 'strata --debug run'."],
  [
    'ps --storage-driver vfs',
    125,
    'unknown flag: --storage-driver',
    "Give --storage-driver before the command: 'strata --storage-driver <name> ps'.",
  ],
];

for (const [line, code, message, hint] of hinted) {
  test(`strata ${line}: what is missing, or where it stands, is told`, async () => {
    const { stderr, ...result } = await answer(...wordsOf(line));
    assert.deepEqual(result, { code, stdout: '' });
    assert.match(stderr, /^strata: (.*)\nhint: (.*) See 'strata [a-z ]+ --help'\.\n$/);
    assert.equal(stderr.replace(/ See '.*/s, ''), `strata: ${message}\nhint: ${hint}`);
  });
}

const misspelt: readonly (readonly [line: string, verb: string, hint: string])[] = [
  ['bild .', 'bild', "Did you mean 'strata build'? See 'strata --help'."],
  ['bild -t x .', 'bild', "Did you mean 'strata build'? See 'strata --help'."],
  ['--root /nowhere bild --no-cache .', 'bild', "Did you mean 'strata build'? See 'strata --help'."],
  ['iamges', 'iamges', "Did you mean 'strata images'? See 'strata --help'."],
  ['pss -a', 'pss', "Did you mean 'strata ps'? See 'strata --help'."],
  ['image lss', 'image lss', "Did you mean 'strata image ls'? See 'strata image --help'."],
  ['image lss -q', 'image lss', "Did you mean 'strata image ls'? See 'strata image --help'."],
  ['container runn -d x', 'container runn', "Did you mean 'strata container run'? See 'strata container --help'."],
  ['builder nothing --like it', 'builder nothing', "See 'strata builder --help'."],
  // Every short word is near to some verb, so no verb is proposed.
  ['foo -x', 'foo', "See 'strata --help'."],
];

for (const [line, verb, hint] of misspelt) {
  test(`strata ${line}: the verb is told, and which was meant`, async () => {
    assert.deepEqual(await answer(...wordsOf(line)), {
      code: 1,
      stdout: '',
      stderr: `strata: '${verb}' is not a strata command.\nhint: ${hint}\n`,
    });
  });
}

// Docker 26.1's flags for builds and their cache, of buildx and of the legacy builder, that Strata does not have yet.
const laterFlags = `--add-host=h:1 --allow=a --annotation=a --attest=a --build-context=a=b --builder=b --cache-from=c
  --cache-to=c --cgroup-parent=c --compress --cpu-period=1 --cpu-quota=1 --cpu-shares=1 -c=1 --cpuset-cpus=0 --cpuset-mems=0
  --disable-content-trust --isolation=i --load --memory=1m -m=1m --memory-swap=1m --metadata-file=f --no-cache-filter=s
  --output=o -o=o --platform=p --provenance=p --push --sbom=s --secret=s --security-opt=s --shm-size=1m --squash --ssh=s
  --ulimit=a=1`;

test('no flag of docker build is unknown, and each says what to do', async () => {
  for (const flag of laterFlags.split(/\s+/)) {
    const { code, stderr } = await answer('build', flag, '.');
    assert.match(stderr, /^strata: --[a-z-]+: not supported yet\nhint: .+\.\n$/, flag);
    assert.equal(code, 1);
  }
});

const notYet: readonly (readonly [line: string, code: number, what: string])[] = [
  ['pull alpine', 1, 'strata pull'],
  ['help pull', 1, 'strata pull'],
  ['image pull x', 1, 'strata image pull'],
  ['network ls', 1, 'strata network'],
  ['compose up', 1, 'strata compose'],
  ['run --gpus all x', 125, '--gpus'],
  ['run --ip6 ::1 x', 125, '--ip6'],
  ['run --net=bridge x', 125, '--network bridge'],
  ['build --rm --force-rm --compress .', 1, '--compress'],
  ['run -p 80:80 x', 125, '--publish'],
  ['run --restart always x', 125, '--restart always'],
  ['run --pull always x', 125, '--pull always'],
  ['build --platform linux/arm64 .', 1, '--platform'],
  ['build --squash .', 1, '--squash'],
  ['build --check .', 1, '--check'],
  ['build --call check .', 1, '--call'],
  ['build --progress rawjson .', 1, '--progress rawjson'],
  ['build --progress=quiet .', 1, '--progress quiet'],
  ['build -q --progress none .', 1, '--progress none'],
  ['builder prune --verbose', 1, '--verbose'],
  ['builder du --builder b', 1, '--builder'],
  ['buildx build .', 1, 'strata buildx'],
  ['build https://example.com/x.git', 1, 'build context https://example.com/x.git'],
  ['build git@example.com:x.git', 1, 'build context git@example.com:x.git'],
];

for (const [line, code, what] of notYet) {
  test(`strata ${line}: not supported yet, by name`, async () => {
    const { stdout, stderr, ...result } = await answer(...wordsOf(line));
    const [message, hint] = stderr.split('\n');
    assert.equal(message, `strata: ${what}: not supported yet`);
    assert.match(hint ?? '', /^hint: ./);
    assert.deepEqual([result.code, stdout], [code, '']);
  });
}

test('a template that cannot be parsed: 64 from what shows single objects, as docker, and nothing is opened', async () => {
  for (const line of ['inspect', 'image inspect', 'container inspect', 'info', 'system info', 'version']) {
    const names = line.endsWith('inspect') ? ['x'] : [];
    for (const format of ['{{.Id', '{{.Id | nope}}']) {
      const { code, stdout, stderr } = await answer('--root', '/dev/null', ...wordsOf(line), '-f', format, ...names);
      assert.deepEqual([code, stdout], [64, ''], line);
      assert.match(stderr, /^strata: template parsing error: template: :1: /);
    }
  }
});

/** Asserts that every argument and option has a description, and its default at most once, in plain text. */
function assertReadable(help: string): void {
  const [, ...sections] = help.split(/^(?:Arguments|Options):\n/m);
  const entries = sections.flatMap((section) => (section.split(/\n\n/)[0] ?? '').split(/\n(?= {2}\S| {6}-)/));
  for (const entry of entries) {
    assert.match(entry, /^ {2,6}\S.*? {2,}[A-Z<"]/, `says what it is for: ${entry}`);
    assert.ok((entry.match(/\(default /g) ?? []).length <= 1, `one default: ${entry}`);
    assert.doesNotMatch(entry, /default: |preset|choices/, entry);
  }
}

test('help for everything, on standard output', async () => {
  const bare = await answer();
  for (const line of ['--help', '-h', 'help', '-D help']) assert.deepEqual(await answer(...wordsOf(line)), bare, line);
  assert.match(bare.stdout, /^Usage: {2}strata .*^Common Commands:$.*^Management Commands:$.*^Commands:$/ms);
  for (const [first = '', second] of commandTable.flatMap(({ names }) => names)) {
    const { code, stdout, stderr } = await answer(first, ...(second === undefined ? [] : [second]), '--help');
    assert.deepEqual([code, stderr], [0, ''], `${first} ${second}`);
    assert.match(stdout, new RegExp(`^Usage: {2}strata ${first} ?${second ?? ''}`));
    assertReadable(stdout);
  }
  for (const verb of ['run', 'build', 'image', 'image ls']) {
    assert.deepEqual(await answer('help', ...wordsOf(verb)), await answer(...wordsOf(verb), '--help'), verb);
  }
  assert.deepEqual(await answer('image'), await answer('image', '--help'));
  assert.deepEqual(await answer('ps', '-ah'), await answer('ps', '--help'));
  assert.doesNotMatch((await answer('run', '--help')).stdout, /--gpus/, 'what is not there yet is not offered');
});

test('a noun shows each of its verbs once, and what every verb is for stands in the help', async () => {
  const top = await answer();
  for (const { names, summary, isInternal } of commandTable) {
    assert.ok(summary.length > 0);
    if (isInternal === true) continue;
    const [shown = []] = names;
    if (shown.length === 1) assert.match(top.stdout, new RegExp(`^ {2}${shown[0]} `, 'm'));
  }
  const image = (await answer('image')).stdout;
  assert.doesNotMatch(top.stdout, /__complete/);
  assert.match(image, /^ {2}ls /m);
  assert.doesNotMatch(image, /^ {2}(?:list|remove) /m);
});

test('arguments are shown without control sequences', async () => {
  for (const words of [['\u001b[2J'], ['image', '\u001b[2J'], ['run', '--\u001b[2J', 'x'], ['help', '\u009b2J']]) {
    const { stderr } = await answer(...words);
    assert.match(stderr, /\\x(?:1b|9b)/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(stderr, /[\x1b\x9b]/);
  }
});
