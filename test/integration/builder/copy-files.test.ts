import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BuildContext } from '../../../src/builder/context/build-context.ts';
import { CopyOp } from '../../../src/builder/ops/copy-op.ts';
import type { Workspace } from '../../../src/builder/ops/workspace.ts';
import { parseInstructions } from '../../../src/dockerfile/instructions/parse-instructions.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { type BuildEvent, Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { type FolderItem, fill, folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { shortListing, withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf, recordsOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { strataPath } from '../../helpers/strata.ts';
import { file, tar } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const skip = needs('root', 'overlay');

async function createStore(t: TestContext): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: 'overlay2' });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** Builds and returns the image's ID and the states of the steps that came from the cache or were run. */
async function build(engine: Engine, context: string): Promise<{ readonly id: string; readonly outcomes: string[] }> {
  await using operation = engine.builder.build({ context });
  const outcomes: string[] = [];
  const note = (event: BuildEvent): void => {
    if (event.type === 'step' && (event.step.state === 'hit' || event.step.state === 'done')) {
      outcomes.push(event.step.state);
    }
  };
  for await (const event of operation) note(event);
  return { id: (await operation.result).id, outcomes };
}

test('a copied tree has the same times to the nanosecond, links, holes, capabilities and odd names', {
  skip,
}, async (t) => {
  const engine = await createStore(t);
  const folder = folderWith(t, {
    Dockerfile: 'FROM scratch\nCOPY tree /\n',
    'tree/a': 'x',
    'tree/b': { sameAs: 'tree/a' },
    'tree/d/c': { sameAs: 'tree/a' },
    'tree/l': { link: 'a' },
    'tree/d/empty/': '',
    'tree/suid': { mode: 0o4755 },
  });
  const tree = join(folder, 'tree');
  execFileSync('mkfifo', ['-m', '640', join(tree, 'fifo')]);
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff, 0x0a, 0xc3)]), 'odd');
  writeFileSync(join(tree, 'sparse'), '');
  truncateSync(join(tree, 'sparse'), 64 << 20);
  execFileSync('dd', [
    'if=/dev/zero',
    `of=${tree}/sparse`,
    'bs=1',
    'count=1',
    'seek=1000000',
    'conv=notrunc',
    'status=none',
  ]);
  setXattrAt(-100, join(tree, 'a'), 'user.note', Buffer.of(0, 255, 10));
  setXattrAt(-100, join(tree, 'd'), 'user.dir', Buffer.from('x'));
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  setXattrAt(-100, join(tree, 'suid'), 'security.capability', capability);
  execFileSync('touch', ['-d', '1999-12-31 23:59:59.123456789', join(tree, 'a'), join(tree, 'd')]);
  execFileSync('touch', ['-h', '-d', '1969-01-01 00:00:00.5', join(tree, 'l')]);

  const { id } = await build(engine, folder);
  // Of the root only the time is copied.
  const options = { withBlocks: true };
  const listing = (root: string): string[] => treeListing(`${root}/.`, options).slice(1);
  assert.deepEqual(await withImageTree(engine, id, listing), listing(tree));
});

test('a linked copy comes from the cache on any base, as the same layer', { skip }, async (t) => {
  for (const storageDriver of ['overlay2', 'vfs'] as const) {
    const engine = await Engine.open({ root: storeRoot(t), storageDriver });
    t.after(() => engine[Symbol.asyncDispose]());
    const folder = folderWith(t, { f: 'x', 'd/g': 'y', 'old/a/f': 'x', 'older/a/': { mode: 0o700 } });
    utimesSync(join(folder, 'f'), 1, 1);
    utimesSync(join(folder, 'old/a/f'), 1, 1);
    const on = async (below: string): Promise<readonly [readonly string[], readonly string[]]> => {
      const lines = ['FROM scratch', below, 'COPY --link f /a/', 'ADD --link d /b/d'];
      fill(folder, { Dockerfile: `${lines.join('\n')}\n` });
      const { id, outcomes } = await build(engine, folder);
      const tree = await withImageTree(engine, id, (root) => shortListing(root), storageDriver);
      assert.deepEqual(tree, [
        'd755 0:0 /a',
        '-644 0:0 /a/f "x"',
        'd755 0:0 /b',
        'd755 0:0 /b/d',
        '-644 0:0 /b/d/g "y"',
      ]);
      // Independent steps come in any order.
      return [outcomes.toSorted(), (await engine.images.inspect(id)).config.rootfs.diff_ids.slice(1)];
    };
    const [first, layers] = await on('COPY older /');
    assert.deepEqual(first, ['done', 'done', 'done', 'done', 'done']);
    // The layers are the same on the same base file, too.
    assert.deepEqual(await on('COPY old /'), [['done', 'done', 'done', 'hit', 'hit'], layers], storageDriver);
    assert.deepEqual(await on('COPY older /'), [['hit', 'hit', 'hit', 'hit', 'hit'], layers], storageDriver);
    const { damages, orphans } = await engine.system.check().result;
    assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
  }
});

test('--chmod is for the copied files, not for folders created to hold them', { skip }, async (t) => {
  const engine = await Engine.open({ root: storeRoot(t) });
  t.after(() => engine[Symbol.asyncDispose]());
  const folder = folderWith(t, { 'd/f': 'x', 'd/s/g': 'y', 'd/s/': { mode: 0o700 } });
  const lines = ['FROM scratch', 'COPY --chmod=750 d /new', 'COPY --chmod=750 d /a/b/', 'COPY --chmod=640 d/f /q/f'];
  fill(folder, { Dockerfile: `${lines.join('\n')}\n` });
  const { id } = await build(engine, folder);
  const below = (path: string): string[] => [
    `d755 0:0 ${path}`,
    `-750 0:0 ${path}/f "x"`,
    `d750 0:0 ${path}/s`,
    `-750 0:0 ${path}/s/g "y"`,
  ];
  assert.deepEqual(await withImageTree(engine, id, (tree) => shortListing(tree)), [
    'd755 0:0 /a',
    ...below('/a/b'),
    ...below('/new'),
    'd755 0:0 /q',
    '-640 0:0 /q/f "x"',
  ]);
});

test('two thousand files are copied, and none of their names is lost', { skip }, async (t) => {
  const engine = await createStore(t);
  const items = Object.fromEntries(
    Array.from({ length: 2000 }, (_, at): [string, FolderItem] => [`many/${at % 37}/${at}`, `content ${at}`]),
  );
  const folder = folderWith(t, { ...items, Dockerfile: 'FROM scratch\nCOPY many /m\n' });
  const { id } = await build(engine, folder);
  const listing = await withImageTree(engine, id, (tree) => shortListing(tree));
  assert.equal(listing.length, 1 + 37 + 2000);
  assert.ok(
    listing.includes('-644 0:0 /m/36/1997 "content 1997"') || listing.includes('-644 0:0 /m/36/36 "content 36"'),
  );
});

test('the umask of the user who builds changes nothing', { skip }, async (t) => {
  const folder = folderWith(t, {
    Dockerfile: 'FROM scratch\nWORKDIR /w/x\nCOPY f a/b/\nCOPY d /d\nCOPY <<EOF /h\nx\nEOF\n',
    f: 'x',
    'd/e/g': 'y',
  });
  const engine = await createStore(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const { id } = await build(engine, folder);
  assert.deepEqual(await withImageTree(engine, id, (tree) => shortListing(tree)), [
    'd755 0:0 /d',
    'd755 0:0 /d/e',
    '-644 0:0 /d/e/g "y"',
    '-644 0:0 /h "x\\n"',
    'd755 0:0 /w',
    'd755 0:0 /w/x',
    'd755 0:0 /w/x/a',
    'd755 0:0 /w/x/a/b',
    '-644 0:0 /w/x/a/b/f "x"',
  ]);
});

test('a step is found in the cache by bytes, not by times, and by everything else that matters (D11)', {
  skip,
}, async (t) => {
  const engine = await createStore(t);
  const folder = folderWith(t, {
    'd/f': 'x',
    'd/g': 'y',
    '.dockerignore': 'Dockerfile\n.dockerignore\n',
    Dockerfile: 'FROM scratch\nCOPY d /d\nCOPY d/g /\n',
  });
  const outcomes = async (): Promise<string> => (await build(engine, folder)).outcomes.join();
  assert.equal(await outcomes(), 'done,done');
  assert.equal(await outcomes(), 'hit,hit');
  utimesSync(join(folder, 'd/f'), 1, 1);
  fill(folder, { 'd/h': '' });
  rmSync(join(folder, 'd/h'));
  assert.equal(await outcomes(), 'hit,hit', 'times');
  writeFileSync(join(folder, 'd/f'), 'z');
  assert.equal(await outcomes(), 'done,done', 'a byte');
  writeFileSync(join(folder, 'd/f'), 'x');
  assert.equal(await outcomes(), 'hit,hit', 'the byte as it was');
  chmodSync(join(folder, 'd/f'), 0o755);
  assert.equal(await outcomes(), 'done,done', 'a mode');
  setXattrAt(-100, join(folder, 'd/f'), 'user.a', Buffer.from('1'));
  assert.equal(await outcomes(), 'done,done', 'an xattr');
  renameSync(join(folder, 'd/f'), join(folder, 'd/e'));
  assert.equal(await outcomes(), 'done,done', 'a name');
});

test('instructions that change no files do not change steps, and are not mixed up (D10)', { skip }, async (t) => {
  const engine = await createStore(t);
  const folder = folderWith(t, {
    f: 'x',
    'x.tar': tar(file('in', 'x')),
    'd/x': 'x',
    'd/y': 'y',
    '.dockerignore': 'Dockerfile',
  });
  const ids = new Set<string>();
  const tails = [
    '',
    'HEALTHCHECK CMD a',
    'HEALTHCHECK CMD b',
    'ONBUILD ENV a=b',
    'ONBUILD ENV a=c',
    'VOLUME /v',
    'CMD ["a", "b"]',
    'CMD ["a b"]',
  ];
  for (const [at, tail] of tails.entries()) {
    writeFileSync(join(folder, 'Dockerfile'), `FROM scratch\nCOPY f /\n${tail}\n`);
    const { id, outcomes } = await build(engine, folder);
    ids.add(id);
    assert.deepEqual(outcomes, [at === 0 ? 'done' : 'hit'], tail);
  }
  assert.equal(ids.size, tails.length);
  for (const lines of [
    ...['--chown=1', '--chown=1:1', '--chmod=644', '--chmod=u=rw'].map((flag) => `COPY ${flag} f /`),
    'COPY f /g',
    'COPY f /g/',
    'ADD x.tar /',
    'ADD --unpack=false x.tar /',
    'COPY d /',
    'COPY --exclude=x d /',
    'COPY --parents d/x /',
    'COPY d/x /',
    'COPY <<E /h\na\nE',
    'COPY <<E /h\nb\nE',
    'COPY <<E /i\nb\nE',
    'WORKDIR /w',
    'WORKDIR /w/w',
    'USER 1\nWORKDIR /w',
  ]) {
    writeFileSync(join(folder, 'Dockerfile'), `FROM scratch\n${lines}\n`);
    assert.deepEqual((await build(engine, folder)).outcomes, ['done'], lines);
  }
});

test('the same build gives the same image as long as its steps are cached, also for another context folder', {
  skip,
}, async (t) => {
  const engine = await createStore(t);
  const items = { 'd/f': 'x', Dockerfile: 'FROM scratch\nENV a=b\nWORKDIR /w\nCOPY d .\nCMD ["x"]\n' };
  const one = await build(engine, folderWith(t, items));
  const two = await build(engine, folderWith(t, items));
  assert.equal(one.id, two.id);
});

test('an image fits together when a step below a cached one is run again', {
  skip,
}, async (t) => {
  const engine = await createStore(t);
  const folder = folderWith(t, { a: '1', b: '2', Dockerfile: 'FROM scratch\nCOPY a /made/a\nCOPY b /b\n' });
  const first = await build(engine, folder);
  using metadata = recordsOf(engine);
  const record = metadata.builds.list().find(({ description }) => description.startsWith('[1/2]'));
  assert.ok(record && (await metadata.db.transact(() => metadata.builds.remove(record.id))));
  // The step makes /made again, at another time; the step above is still made on the earlier one.
  const second = await build(engine, folder);
  assert.deepEqual(second.outcomes, ['done', 'hit']);
  const layers = async ({ id }: { readonly id: string }): Promise<unknown> =>
    (await engine.images.inspect(id)).config.rootfs.diff_ids;
  assert.deepEqual(await layers(second), await layers(first));
  for (const { id } of [first, second]) {
    assert.deepEqual(await withImageTree(engine, id, (tree) => shortListing(tree)), [
      '-644 0:0 /b "2"',
      'd755 0:0 /made',
      '-644 0:0 /made/a "1"',
    ]);
  }
  assert.deepEqual((await engine.system.check().result).damages, []);
});

const source = { identity: 'scratch', snapshotId: undefined, createdAt: 0 };

/** Copies into an empty folder, with `change` between the step's key and its work. */
async function copyWhile(
  t: TestContext,
  line: string,
  items: Readonly<Record<string, FolderItem>>,
  change: (folder: string) => void,
) {
  const folder = folderWith(t, items);
  const target = temporaryFolder(t, 'target');
  const workspace: Workspace = {
    read: async (_id, read) => await read(target),
    change: async (_parent, work) => {
      await work(target);
      return 'id';
    },
  };
  const [stage] = parseInstructions(parseDockerfile(Buffer.from(`FROM scratch\n${line}\n`))).stages;
  const instruction = stage?.instructions[0];
  assert.ok(instruction?.kind === 'COPY');
  using context = BuildContext.open(folder, 'Dockerfile');
  const op = new CopyOp({
    instruction,
    destination: instruction.destination,
    platform: { os: 'linux', architecture: 'amd64' },
    time: undefined,
    context,
    workspace,
    from: undefined,
    copies: undefined,
  });
  const options = { signal: new AbortController().signal, log: () => undefined };
  const { exec } = await op.key([source], options);
  change(folder);
  await exec(options);
  return shortListing(target);
}

const meanwhile: Readonly<Record<string, (folder: string) => void>> = {
  'a file is written to': (folder) => appendFileSync(join(folder, 'd/f'), 'y'),
  'a file is written over with as much': (folder) => writeFileSync(join(folder, 'd/f'), 'y'),
  'a file is replaced': (folder) => {
    writeFileSync(join(folder, 'new'), 'x');
    renameSync(join(folder, 'new'), join(folder, 'd/f'));
  },
  'a file becomes a symlink to one of the host': (folder) => {
    rmSync(join(folder, 'd/f'));
    symlinkSync('/etc/hostname', join(folder, 'd/f'));
  },
  'a folder becomes a symlink out of the context': (folder) => {
    renameSync(join(folder, 'd/e'), join(folder, 'old'));
    symlinkSync('/etc', join(folder, 'd/e'));
  },
  'a file is added': (folder) => writeFileSync(join(folder, 'd/more'), ''),
  'a file is removed': (folder) => rmSync(join(folder, 'd/f')),
  'a folder is removed': (folder) => rmSync(join(folder, 'd/e'), { recursive: true }),
  'an empty folder is added': (folder) => mkdirSync(join(folder, 'd/more')),
  'a mode is changed': (folder) => chmodSync(join(folder, 'd/f'), 0o777),
  'the mode of a folder is changed': (folder) => chmodSync(join(folder, 'd/e'), 0o777),
  'a symlink is turned': (folder) => {
    rmSync(join(folder, 'd/l'));
    symlinkSync('g', join(folder, 'd/l'));
  },
  'the source is removed': (folder) => rmSync(join(folder, 'd'), { recursive: true }),
};

for (const [what, change] of Object.entries(meanwhile)) {
  test(`between key and copy ${what}: no wrong result is cached`, { skip }, async (t) => {
    const items = { 'd/f': 'x', 'd/e/g': 'y', 'd/l': { link: 'f' } };
    await assert.rejects(copyWhile(t, 'COPY d /to', items, change), (error) =>
      isStrataError(error, 'ERR_CONTEXT_CHANGED'),
    );
  });
}

test('a file swapped for a symlink between key and copy does not lead to the host', { skip }, async (t) => {
  const swap = (folder: string): void => {
    rmSync(join(folder, 'f'));
    symlinkSync('/etc/hostname', join(folder, 'f'));
  };
  await assert.rejects(copyWhile(t, 'COPY f /to', { f: 'x' }, swap), (error) =>
    isStrataError(error, 'ERR_CONTEXT_CHANGED'),
  );
});

test('files that are not part of the copy may change: logs, locks, excluded files', { skip }, async (t) => {
  const items = { 'd/f': 'x', 'd/log': '', '.dockerignore': 'd/log\nd/tmp' };
  const listing = await copyWhile(t, 'COPY d /to', items, (folder) => {
    writeFileSync(join(folder, 'd/log'), 'line');
    writeFileSync(join(folder, 'd/tmp'), 'line');
    writeFileSync(join(folder, 'elsewhere'), '');
  });
  assert.deepEqual(listing, ['d755 0:0 /to', '-644 0:0 /to/f "x"']);
});

test('a failed copy leaves no snapshot behind', { skip }, async (t) => {
  const engine = await createStore(t);
  const folder = folderWith(t, { Dockerfile: 'FROM scratch\nCOPY f /a\nCOPY f /a/b\n', f: '' });
  await assert.rejects(build(engine, folder), (error) => isStrataError(error, 'ERR_COPY_DESTINATION'));
  assert.equal((await engine.images.list()).length, 0);
  assert.equal(placesOf(engine).treePaths().length, 1, 'the step that worked');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  assert.ok(!mounts.includes(engine.layout.root));
});

test('a context without the right to read is reported as such', { skip: skip || needs('setpriv') }, async (t) => {
  const root = storeRoot(t);
  const folder = folderWith(t, { Dockerfile: 'FROM scratch\nCOPY . /\n', 'd/secret': 'x' });
  chmodSync(join(folder, 'd/secret'), 0);
  const capabilities = '-dac_override,-dac_read_search';
  const { status, stderr } = spawnSync(
    'setpriv',
    ['--inh-caps', capabilities, '--bounding-set', capabilities, strataPath, '--root', root, 'build', folder],
    { encoding: 'utf8' },
  );
  assert.equal(status, 1, stderr);
  assert.match(stderr, /secret: EACCES/);
  assert.doesNotMatch(stderr, /internal error/);
});

test('COPY through symlinks of an image reaches no file of the host (D2)', { skip }, async (t) => {
  const engine = await createStore(t);
  const host = folderWith(t, { victim: 'host' });
  const before = statSync(join(host, 'victim')).ctimeMs;
  const folder = folderWith(t, {
    'base/out': { link: host },
    'base/up': { link: `../../../../../..${host}` },
    'base/cwd': { link: '/proc/self/cwd' },
    'base/fd': { link: '/proc/self/fd/3/..' },
    victim: 'image',
    'd/victim': 'image',
    Dockerfile: [
      'FROM scratch',
      'COPY base /',
      'COPY victim /out/victim',
      'COPY victim /up/',
      'COPY d /out',
      'COPY --chown=5:5 --chmod=777 d /up/',
      'COPY victim /cwd/x',
      'COPY victim /fd/x',
      'WORKDIR /out/made',
    ].join('\n'),
  });
  const { id } = await build(engine, folder);
  assert.equal(readFileSync(join(host, 'victim'), 'utf8'), 'host');
  assert.equal(statSync(join(host, 'victim')).ctimeMs, before);
  assert.deepEqual(shortListing(host), ['-644 0:0 /victim "host"']);
  const listing = await withImageTree(engine, id, (tree) => shortListing(tree));
  assert.ok(listing.includes(`-777 5:5 ${host}/victim "image"`), listing.join('\n'));
});
