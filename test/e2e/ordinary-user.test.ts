import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fill, temporaryFolder } from '../helpers/build-folder.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { dir, file, tar } from '../helpers/tar-builder.ts';

const skip = needs('root', 'setpriv', 'unshare');
const uid = 65_534;

interface User {
  readonly folder: string;
  readonly root: string;
  /** Runs a command line of Strata, its words separated by spaces. */
  strata(line: string): { readonly code: number | null; readonly stdout: string; readonly stderr: string };
}

const repository = join(import.meta.dirname, '../..');

// The checkout may lie below /root, where a user has no rights in a user namespace of its own. The mount is in the
// command's namespace only: a test that removes its folder must not find the checkout there.
const inReach = 'mount --bind -o ro "$1" "$2" && shift 2 && exec setpriv "$@"';

/** Creates a user without a login session, with a store and a context of their own. */
function createUser(context: TestContext, { within = [] }: { readonly within?: readonly string[] } = {}): User {
  const folder = temporaryFolder(context, 'user');
  fill(folder, {
    'context/f': 'hi\n',
    'context/metadata': 'FROM scratch\nENV a=b\nCMD ["/x"]\n',
    'context/foreign': 'FROM scratch\nCOPY f /f\n',
    'context/folder': 'FROM scratch\nWORKDIR /w\n',
    'context/own': `FROM scratch\nCOPY --chown=${uid}:${uid} f /f\n`,
    'context/run': 'FROM own\nRUN true\n',
  });
  writeFileSync(join(folder, 'foreign.tar'), tar(file('f', 'x', { uid: 0, gid: 0 })));
  writeFileSync(join(folder, 'own.tar'), tar(dir('.', { uid, gid: uid }), file('f', 'x', { uid, gid: uid })));
  const root = join(folder, 'store');
  const checkout = join(folder, 'checkout');
  const command = join(checkout, 'bin/strata');
  for (const path of [root, checkout]) mkdirSync(path);
  for (const path of [folder, root]) chownSync(path, uid, uid);
  const asUser = ['--reuid', uid, '--regid', uid, '--clear-groups'].map(String);
  const { XDG_RUNTIME_DIR: _, ...environment } = process.env;
  const strata: User['strata'] = (line) => {
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', inReach, 'sh', repository, checkout, ...asUser, ...within, command, ...line.split(' ')],
      { encoding: 'utf8', cwd: folder, env: { ...environment, HOME: folder, STRATA_ROOT: root } },
    );
    return { code: status, stdout, stderr: stderr.replaceAll(/^WARNING: .*\n/gm, '') };
  };
  return { folder, root, strata };
}

const snapshotsIn = (root: string): string[] => {
  const drivers = readdirSync(join(root, 'snapshots'));
  return drivers.flatMap((driver) => readdirSync(placesOf(root, driver).trees));
};

test('a user can do everything with a store of their own that unpacks nothing', { skip }, (t) => {
  const { strata } = createUser(t);
  const lines = [
    'build -q -t m -f context/metadata context',
    'images',
    'inspect m',
    'history m',
    'info',
    'tag m n',
    'save -o m.tar m',
    'rmi n',
    'ps -a',
    'system df',
    'system check',
    'builder prune -af',
    'image prune -af',
    'system prune -af',
  ];
  for (const line of lines) {
    const { code, stderr } = strata(line);
    assert.deepEqual([line, code, stderr], [line, 0, '']);
  }
});

test('files of the user are copied, loaded and imported', { skip }, (t) => {
  const { strata } = createUser(t);
  const lines = [
    'build -q -t own -f context/own context',
    'save -o saved.tar own',
    'rmi own',
    'builder prune -af',
    'load -q -i saved.tar',
    'import own.tar imported',
    'system check',
  ];
  for (const line of lines) {
    const { code, stderr } = strata(line);
    assert.deepEqual([line, code, stderr], [line, 0, '']);
  }
});

const needsRoot = (what: string): RegExp => new RegExp(`strata: ${what} without root yet\nhint: Run this as root\\.`);

test('work that needs owners is refused in one line, and leaves nothing', { skip }, (t) => {
  const { strata, root } = createUser(t);
  assert.equal(strata('images').code, 0);
  const cases = [
    ['import foreign.tar', needsRoot('layer entry "f": files cannot be given to owner 0:0')],
    ['build -f context/foreign context', needsRoot('files cannot be given to owner 0:0')],
    ['build -f context/folder context', needsRoot('files cannot be given to owner 0:0')],
  ] as const;
  for (const [line, complaint] of cases) {
    const { code, stderr } = strata(line);
    assert.equal(code, 1, line);
    assert.match(stderr, complaint);
    assert.deepEqual([line, snapshotsIn(root)], [line, []]);
  }
  assert.equal(strata('images -q').stdout, '');
});

test('work that needs mounts is refused, and the store stays usable', { skip }, (t) => {
  const { strata } = createUser(t);
  assert.equal(strata('build -q -t own -f context/own context').code, 0);
  assert.equal(strata('create --name kept own /x').code, 0);
  const namespace = needsRoot('a mount namespace cannot be made');
  const mounts = needsRoot('mounts cannot be made');
  const cases = [
    ['run --rm own /x', 125, namespace],
    ['run -d own /x', 125, namespace],
    ['start kept', 1, namespace],
    ['build -f context/run context', 1, namespace],
    ['cp kept:/f copied', 1, namespace],
    ['export -o exported.tar kept', 1, mounts],
    ['commit kept', 1, mounts],
  ] as const;
  for (const [line, expected, complaint] of cases) {
    const { code, stderr } = strata(line);
    assert.equal(code, expected, `${line}: ${stderr}`);
    assert.match(stderr, complaint);
  }
  assert.equal(strata('rm kept').code, 0);
  assert.equal(strata('system check').code, 0);
});

test('nothing is an internal error in a user namespace with one user', { skip }, (t) => {
  const { strata } = createUser(t, { within: ['unshare', '-Ur'] });
  assert.equal(strata('import foreign.tar base').code, 0);
  assert.equal(strata('create --name kept base /x').code, 0);
  const cases = [
    ['import own.tar', 1, /layer entry "f": owner 65534:65534 has no number in this user namespace\nhint: /],
    ['run --rm base /x', 126, /unable to apply cgroup .*\nhint: Containers need control groups/],
    ['run -d base /x', 125, needsRoot('a mount namespace cannot be made')],
    ['start kept', 1, needsRoot('a mount namespace cannot be made')],
    ['cp kept:/f copied', 1, needsRoot('a mount namespace cannot be made')],
    ['export -o exported.tar kept', 1, needsRoot('mounts cannot be made')],
  ] as const;
  for (const [line, expected, complaint] of cases) {
    const { code, stderr } = strata(line);
    assert.equal(code, expected, `${line}: ${stderr}`);
    assert.match(stderr, complaint);
    assert.doesNotMatch(stderr, /internal error/);
  }
  assert.equal(strata('rm -f kept').code, 0);
});

test('the run state of a user lies in the directory of the login session, else in the store', { skip }, (t) => {
  const { strata, folder, root } = createUser(t);
  assert.equal(strata('build -q -t own -f context/own context').code, 0);
  assert.deepEqual(strata('run --rm own /x').code, 125);
  assert.ok(readdirSync(join(root, 'run')).includes('bundles'));
  const session = join(folder, 'session');
  mkdirSync(session);
  chownSync(session, uid, uid);
  const other = createUser(t, { within: ['env', `XDG_RUNTIME_DIR=${session}`] });
  assert.equal(other.strata('build -q -t own -f context/own context').code, 0);
  assert.equal(other.strata('run --rm own /x').code, 125);
  assert.equal(readdirSync(join(session, 'strata')).length, 1);
  assert.ok(!readdirSync(other.root).includes('run'));
});
