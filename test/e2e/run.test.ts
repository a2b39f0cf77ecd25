import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxStore, containerRecords } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import { strataPath } from '../helpers/strata.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

for (const driver of ['overlay2', 'vfs']) {
  test(`exit codes are docker's, on ${driver}`, { skip }, async (t) => {
    const strata = await busyboxStore(t, driver);
    const codes = await Promise.all(
      [
        ['busybox', 'true'],
        ['busybox', 'sh', '-c', 'exit 7'],
        ['busybox', 'nothere'],
        ['busybox', '/etc'],
        ['nosuch', 'true'],
        ['-u', 'nobody', 'busybox', 'true'],
      ].map(async (args) => (await strata('--storage-driver', driver, 'run', '--rm', ...args)).code),
    );
    assert.deepEqual(codes, [0, 7, 127, 126, 125, 125]);
    assert.deepEqual(containerRecords(strata), []);
  });
}

test('flags of run reach the container', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'env'), '\ufeff# comment\n\nFILE=a "b"\r\n  OWN\nNONE\nBOTH=file\n');
  const script = 'id; pwd; env; hostname; touch /x; ls /sys/class/net';
  const flags =
    'run --rm=true --read-only --env-file env -e A=1 -eB=2 --env=ALSO -e GONE -e BOTH=flag -w /home/me -u me:staff -h here --network none -l a=b --label=c busybox';
  const [flagged, passed, entry] = await Promise.all([
    strata.with({ env: { OWN: 'mine', ALSO: 'too' }, cwd: folder }, ...flags.split(' '), 'sh', '-c', script),
    strata('run', '--rm', 'busybox', 'echo', '--rm=false', '-e', '--', '--env-file=x', '--tty=true', '-it', '--help'),
    strata('run', '--rm', '--entrypoint', 'echo', 'busybox', 'sh', '-c'),
  ]);
  const { stdout, stderr } = flagged;
  assert.match(stdout, /^uid=1001\(me\) gid=50\(staff\)/);
  assert.match(stdout, /^\/home\/me$/m);
  for (const line of [
    'FILE=a "b"',
    'OWN=mine',
    'ALSO=too',
    'A=1',
    'B=2',
    'BOTH=flag',
    'FROM_IMAGE=yes',
    'HOSTNAME=here',
  ]) {
    assert.ok(stdout.split('\n').includes(line), `${line}\n${stdout}`);
  }
  assert.doesNotMatch(stdout, /NONE|GONE|^BOTH=file/m);
  assert.match(stdout, /^here$/m);
  assert.match(stdout, /^lo\n$/m);
  assert.match(stderr, /Read-only file system/);
  assert.equal(passed.stdout, '--rm=false -e -- --env-file=x --tty=true -it --help\n');
  assert.equal(entry.stdout, 'sh -c\n');
});

test('conflicts and mistakes in names, container ID files and files of variables give docker’s errors', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  const folder = temporaryFolder(t);
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('bad'), 'A B=c\n');
  writeFileSync(file('latin1'), Buffer.from('A=\xff\n', 'latin1'));
  const first = await strata('run', '--name', 'taken', '--cidfile', file('cid'), 'busybox', 'true');
  assert.equal(first.code, 0, first.stderr);
  assert.match(readFileSync(file('cid'), 'utf8'), /^[0-9a-f]{64}$/);
  for (const [args, message] of await Promise.all(
    (
      [
        [['--name', 'taken'], /taken.*in use by container "[0-9a-f]{64}"/],
        [['--cidfile', file('cid')], /container ID file found, make sure the other container isn't running or delete/],
        [['--cidfile', file('no/folder')], /container ID file: open .*no\/folder: no such file or directory/],
        [['--env-file', file('nothing')], /open .*nothing: no such file or directory/],
        [['--env-file', file('bad')], /poorly formatted environment: .*variable 'A B' contains whitespaces/],
        [['--env-file', file('latin1')], /invalid utf8/],
        [['--network', 'bridge'], /--network bridge: not supported yet\nhint: Use --network none or --network host/],
        [['--network', 'none', '--net', 'host'], /conflicting options: several networks \(none, host\)/],
        [['-v', 'data:/x'], /volume data: not supported yet/],
        [['-t', '--detach-keys', 'ctrl-1'], /Invalid detach keys \(ctrl-1\) provided/],
        [['-it'], /the input device is not a TTY/],
      ] as const
    ).map(async ([args, message]) => [await strata('run', '--rm', ...args, 'busybox', 'true'), message] as const),
  )) {
    // Errors about the command's own terminal have code 1.
    assert.equal(args.code, /TTY|keys/.test(args.stderr) ? 1 : 125, args.stderr);
    assert.match(args.stderr, message);
    assert.doesNotMatch(args.stderr, /internal error/);
    assert.equal(args.stdout, '');
  }
  for (const args of [
    ['--cidfile', file('no/folder'), 'busybox'],
    ['--cidfile', file('cid2'), 'nothing-here'],
  ]) {
    assert.equal((await strata('create', ...args)).code, 1);
  }
  assert.ok(!existsSync(file('cid2')), 'without a container there is no file');
  assert.deepEqual(
    containerRecords(strata).map(({ name }) => name),
    ['taken'],
  );
});

test('standard input reaches the container only with -i, and all 3 MB come back', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const bytes = randomBytes(3 << 20);
  const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  const cat = (...flags: string[]): Buffer =>
    spawnSync(strataPath, ['--root', strata.root, 'run', '--rm', ...flags, 'busybox', 'cat'], {
      input: bytes,
      maxBuffer: 8 << 20,
    }).stdout;
  assert.equal(digest(cat('-i')), digest(bytes));
  assert.equal(cat().length, 0);
});

test('with -t the container has a terminal of the same size', { skip: skip || needs('script') }, async (t) => {
  const strata = await busyboxStore(t);
  const inside = 'stty size; test -t 0 && test -t 1 && test -t 2 && echo "terminal $TERM"; exit 9';
  const line = `stty rows 33 cols 101; ${strataPath} --root ${strata.root} run --rm -it busybox /bin/busybox sh -c '${inside}'`;
  const { status, stdout } = spawnSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' });
  assert.match(stdout, /33 101/);
  assert.match(stdout, /terminal xterm/);
  assert.equal(status, 9);
});
