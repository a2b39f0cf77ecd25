// The sources of the configuration, and invalid files, on the real command.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { needs } from '../helpers/needs.ts';
import { storeRoot } from '../helpers/store-root.ts';
import { strataPath } from '../helpers/strata.ts';

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const {
  STRATA_ROOT: _root,
  STRATA_CONFIG: _config,
  STRATA_STORAGE_DRIVER: _driver,
  XDG_CONFIG_HOME: _xdg,
  ...environment
} = process.env;

type Variables = Readonly<Record<string, string>>;

/** Runs the command without a store or a configuration named by the environment. */
function strata(args: readonly string[], variables: Variables = {}, cwd?: string): Result {
  const env = { ...environment, ...variables };
  const { status, stdout, stderr } = spawnSync(strataPath, args, { encoding: 'utf8', env, cwd, timeout: 60_000 });
  return { code: status, stdout, stderr };
}

const settingsFormat = '{{range .Strata.configuration.settings}}{{.key}}={{.value}} {{json .origin}}\n{{end}}';

/** Returns the line of `info` for a setting. */
function infoOf(key: string, { code, stdout, stderr }: Result): string {
  assert.equal(code, 0, stderr);
  const line = stdout.split('\n').find((text) => text.startsWith(`${key}=`));
  return line?.slice(key.length + 1) ?? 'nothing';
}

function fileWith(t: TestContext, content: unknown, name = 'config.json'): string {
  const path = join(temporaryFolder(t, 'configuration'), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('of flag, environment, file and default the first one set counts', (t) => {
  const [byFile, byVariable, byFlag] = [storeRoot(t), storeRoot(t), storeRoot(t)];
  const file = fileWith(t, { 'data-root': byFile, 'storage-driver': 'vfs' });
  const variables = { STRATA_ROOT: byVariable, STRATA_STORAGE_DRIVER: 'overlay2' };
  const info = (flags: readonly string[], given: Variables = {}): Result =>
    strata([...flags, 'info', '-f', settingsFormat], given);
  const fromFile = JSON.stringify({ from: 'file', path: file });
  const from = (variable: string): string => JSON.stringify({ from: 'environment', variable });
  const [option, usual] = ['{"from":"option"}', '{"from":"default"}'];
  const cases: readonly (readonly [key: string, flags: readonly string[], given: Variables, infoOf: string])[] = [
    ['data-root', ['--config', file, '--root', byFlag], variables, `${byFlag} ${option}`],
    ['data-root', ['--config', file], variables, `${byVariable} ${from('STRATA_ROOT')}`],
    ['data-root', [`--config=${file}`], { STRATA_ROOT: '' }, `${byFile} ${fromFile}`],
    ['data-root', [], { STRATA_CONFIG: file }, `${byFile} ${fromFile}`],
    ['data-root', ['--config', '/dev/null'], { STRATA_CONFIG: file }, `/var/lib/strata ${usual}`],
    ['storage-driver', ['--config', file, '--storage-driver', 'auto'], variables, `auto ${option}`],
    ['storage-driver', ['--config', file], variables, `overlay2 ${from('STRATA_STORAGE_DRIVER')}`],
    ['storage-driver', ['--config', file], { STRATA_ROOT: byVariable }, `vfs ${fromFile}`],
    ['storage-driver', ['--root', byFlag], { STRATA_CONFIG: '/dev/null' }, `auto ${usual}`],
  ];
  for (const [key, flags, given, expected] of cases) assert.equal(infoOf(key, info(flags, given)), expected);
  const text = strata(['--config', file, '--storage-driver', 'vfs', 'info'], { STRATA_ROOT: byVariable }).stdout;
  assert.match(text, new RegExp(`^Configuration: ${file}$`, 'm'));
  assert.match(text, new RegExp(`^ data-root: ${byVariable} \\(STRATA_ROOT\\)$`, 'm'));
  assert.match(text, /^ storage-driver: vfs \(--storage-driver\)$/m);
  assert.match(text, /^ storage-opts: \[\] \(default\)$/m);
  assert.match(strata(['--config', file, 'info']).stdout, new RegExp(`^ data-root: ${byFile} \\(file\\)$`, 'm'));
});

test('the store that the file names is the one that is written to', { skip: needs('root', 'overlay') }, (t) => {
  const root = storeRoot(t);
  const file = fileWith(t, { 'data-root': root, 'storage-driver': 'vfs' });
  const folder = dirname(file);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY config.json /\n');
  assert.equal(strata(['--config', 'config.json', 'build', '-q', '-t', 'made', '.'], {}, folder).code, 0);
  assert.equal(strata(['--root', root, 'images', '--format', '{{.Repository}}']).stdout, 'made\n');
  assert.equal(strata(['--root', root, 'inspect', '-f', '{{.GraphDriver.Name}}', 'made']).stdout, 'vfs\n');
  const words = ['__complete', '--', '--config', file, 'rmi', 'm'];
  assert.match(strata(words).stdout, /^made\b/, 'completion looks there, too');
});

test('a library program opens the engine with the default file, with another, or with none', async (t) => {
  const root = storeRoot(t);
  const file = fileWith(t, { 'data-root': root });
  // STRATA_ROOT would go before the file.
  const { STRATA_ROOT: rootBefore } = process.env;
  delete process.env['STRATA_ROOT'];
  t.after(() => {
    if (rootBefore !== undefined) process.env['STRATA_ROOT'] = rootBefore;
  });
  {
    await using engine = await Engine.open({ configurationFile: file });
    assert.equal(engine.layout.root, root);
  }
  await using engine = await Engine.open({ configurationFile: false, root });
  assert.equal((await engine.system.info()).configuration.file, null);
  await assert.rejects(Engine.open({ configurationFile: '/nowhere' }), { code: 'ERR_CONFIGURATION_UNUSABLE' });
});

describe('an invalid file is refused by name with every verb, and nothing is created', () => {
  const table: readonly (readonly [what: string, make: (t: TestContext) => string, problem: RegExp, hint: RegExp])[] = [
    ['absent', (t) => join(temporaryFolder(t, 'c'), 'x.json'), /cannot be read \(ENOENT\)/, /Create the file/],
    ['below a file', (t) => join(fileWith(t, '{}'), 'x'), /cannot be read \(ENOTDIR\)/, /Name another/],
    [
      'a directory',
      (t) => dirname(fileWith(t, '{}')),
      /is a directory/,
      /Name the file in it, such as .*\/config\.json/,
    ],
    ['a fifo', fifo, /is not a regular file/, /Name a regular file/],
    ['a device', () => '/dev/zero', /is not a regular file/, /Name a regular file/],
    ['too large', (t) => fileWith(t, `{}${' '.repeat(1 << 20)}`), /is larger than 1048576 bytes/, /./],
    ['writable by everybody', openToAll, /is writable by everybody/, /.*chmod o-w/],
  ];
  for (const [what, make, problem, hint] of table) {
    test(what, { skip: what === 'a fifo' && needs('mkfifo') }, (t) => {
      const path = make(t);
      const root = join(temporaryFolder(t, 'store'), 'new');
      for (const verb of [['ps'], ['system', 'prune', '-f'], ['info']]) {
        const { code, stdout, stderr } = strata(['--config', path, '--root', root, ...verb]);
        assert.deepEqual([code, stdout], [1, ''], stderr);
        const [says = '', does = ''] = stderr.split('\n');
        assert.ok(says.startsWith(`strata: configuration file ${path}: `), stderr);
        assert.match(says, problem);
        assert.match(does, new RegExp(`^hint: ${hint.source}`));
      }
    });
  }
});

function fifo(t: TestContext): string {
  const path = join(temporaryFolder(t, 'c'), 'fifo');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  return path;
}

function openToAll(t: TestContext): string {
  const path = fileWith(t, '{}');
  chmodSync(path, 0o666);
  return path;
}

describe('a file with an invalid setting', () => {
  const table: readonly (readonly [content: unknown, says: string, hint?: RegExp])[] = [
    ['{\n  "data-root": "/srv"\n  "x": 1\n}', 'FILE: invalid JSON: unexpected "\\"" in line 3, column 3'],
    [
      { 'data-rot': '/srv' },
      "FILE: the following directives don't match any configuration option: data-rot",
      /Did you/,
    ],
    [{ 'data-root': 'srv' }, 'FILE: data-root: must be an absolute path, not "srv"'],
    [{ 'storage-driver': 'floppy' }, 'FILE: storage-driver: storage driver floppy: unknown', /Use overlay2/],
    [{ 'storage-driver': 'zfs' }, 'FILE: storage-driver: storage driver zfs: not supported yet', /Use overlay2 or vfs/],
    [{ 'storage-opts': ['size'] }, 'FILE: storage-opts: "size" is not of the form NAME=VALUE'],
    [
      { 'storage-driver': 'vfs', 'storage-opts': ['size=1'] },
      'FILE: storage-opts: storage option size=1: unknown to vfs',
      /Leave it out/,
    ],
  ];
  for (const [content, says, hint] of table) {
    test(says, (t) => {
      const file = fileWith(t, content);
      const { code, stdout, stderr } = strata(['--config', file, '--root', '/proc/none', 'images']);
      const [first, second = ''] = stderr.split('\n');
      assert.deepEqual([code, stdout, first], [1, '', `strata: ${says.replace('FILE', file)}`]);
      assert.match(second, hint ?? /^hint: Correct the file/);
    });
  }
  test('an error names the variable that it comes from, but no flag', () => {
    const floppy = { STRATA_STORAGE_DRIVER: 'floppy', STRATA_CONFIG: '/dev/null' };
    const { stderr } = strata(['ps'], floppy);
    assert.match(stderr, /^strata: STRATA_STORAGE_DRIVER: storage driver floppy: unknown$/m);
    assert.match(strata(['--storage-driver', 'tape', 'ps'], floppy).stderr, /^strata: storage driver tape: unknown$/m);
  });
  test('commands that need no store need no configuration', (t) => {
    const file = fileWith(t, 'nonsense');
    for (const line of [['--version'], ['--help'], ['ps', '--help']]) {
      assert.equal(strata(['--config', file, ...line]).code, 0, line.join(' '));
    }
    assert.equal(strata(['__complete', '--', '--config', file, 'rmi', ''], { STRATA_ROOT: storeRoot(t) }).code, 0);
    assert.match(strata(['--config', '', 'ps']).stderr, /^strata: invalid argument "" for "--config" flag/);
  });
});

const uid = 65_534;
// A layer over /etc that only this command sees. The checkout is mounted as well, since it may lie where a user's
// rights do not lead.
const script = `mount -t overlay -o lowerdir=/etc,upperdir="$1/up",workdir="$1/work" none /etc &&
mount --bind -o ro "$2" "$1/checkout" && shift 2 && exec "$@"`;

const format = '{{.DockerRootDir}} {{(index .Strata.configuration.settings 1).value}}';

describe('the configuration file that is read', { skip: needs('root', 'overlay', 'unshare', 'setpriv') }, () => {
  /** Sets up a machine with a file of the system and one of the user; each names a store of its own. */
  function setUpMachine(t: TestContext, { system }: { readonly system?: string } = {}) {
    const folder = temporaryFolder(t, 'machine');
    chmodSync(folder, 0o755);
    for (const name of ['up/strata', 'work', 'checkout', 'home/.config/strata', 'xdg/strata', 'empty']) {
      mkdirSync(join(folder, name), { recursive: true });
      chownSync(join(folder, name), name.startsWith('up') || name === 'work' ? 0 : uid, 0);
    }
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write('up/strata/config.json', system ?? '{"data-root": "/of/system", "storage-driver": "vfs"}');
    write('home/.config/strata/config.json', '{"data-root": "/of/home"}');
    write('xdg/strata/config.json', '{"data-root": "/of/xdg"}');
    const command = join(folder, 'checkout/bin/strata');
    const asUser = ['setpriv', '--reuid', uid, '--regid', uid, '--clear-groups'].map(String);
    const run = (who: 'root' | 'user', variables: Variables): Result => {
      const checkout = join(import.meta.dirname, '../..');
      const args = [folder, checkout, ...(who === 'user' ? asUser : []), command, 'info', '-f', format];
      const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...args], {
        encoding: 'utf8',
        env: { ...environment, HOME: join(folder, 'empty'), ...variables },
      });
      return { code: status, stdout, stderr };
    };
    return { folder, run, root: (...given: Parameters<typeof run>) => run(...given).stdout.trim() };
  }

  test("root reads the system's file, whatever HOME is", (t) => {
    const { folder, root } = setUpMachine(t);
    assert.equal(root('root', {}), '/of/system vfs');
    const users = { HOME: join(folder, 'home'), XDG_CONFIG_HOME: join(folder, 'xdg') };
    assert.equal(root('root', users), '/of/system vfs');
  });

  test("a user reads their own file, and then nothing of the system's", (t) => {
    const { folder, root } = setUpMachine(t);
    assert.equal(root('user', {}), '/of/system vfs');
    assert.equal(root('user', { HOME: join(folder, 'home') }), '/of/home auto');
    assert.equal(root('user', { HOME: join(folder, 'home'), XDG_CONFIG_HOME: join(folder, 'xdg') }), '/of/xdg auto');
    assert.equal(root('user', { HOME: join(folder, 'home'), XDG_CONFIG_HOME: 'relative' }), '/of/home auto');
    assert.equal(root('user', { HOME: '/dev/null' }), '/of/system vfs', 'a home that is no folder');
  });

  test('a home without the right to enter is skipped, a file without the right to read is an error', (t) => {
    const { folder, root, run } = setUpMachine(t);
    const own = join(folder, 'home/.config/strata/config.json');
    chmodSync(own, 0o600);
    const { code, stderr } = run('user', { HOME: join(folder, 'home') });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^strata: configuration file ${own}: cannot be read \\(EACCES\\)\nhint: `));
    chownSync(join(folder, 'home'), 0, 0);
    chmodSync(join(folder, 'home'), 0o700);
    assert.equal(root('user', { HOME: join(folder, 'home') }), '/of/system vfs');
  });

  test("a mistake in the system's file is an error for every user", (t) => {
    const { run } = setUpMachine(t, { system: '{"data-root": "/of/system",}' });
    for (const who of ['root', 'user'] as const) {
      const { code, stderr } = run(who, {});
      assert.equal(code, 1);
      assert.match(stderr, /^strata: \/etc\/strata\/config\.json: invalid JSON: unexpected "}" in line 1, column 28\n/);
    }
  });
});
