// Builds of several stages: which stages are built, which steps come from the cache, and whose files are copied.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { type TestContext, test } from 'node:test';
import { type BuildRequest, Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { type FolderItem, folderWith } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { shortListing, withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { patienceMs } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

type Driver = 'overlay2' | 'vfs';
type More = Omit<BuildRequest, 'context'> & { readonly files?: Readonly<Record<string, FolderItem>> };

interface Built {
  readonly id: string;
  /** Last state of each step, by its name. */
  readonly steps: Readonly<Record<string, string>>;
  /** Names and states, in the order of their events. */
  readonly moves: readonly string[];
}

interface Store {
  readonly engine: Engine;
  readonly build: (dockerfile: readonly string[], more?: More) => Promise<Built>;
  readonly tree: (image: string, below?: string) => Promise<string[]>;
}

/** Creates a store with an image `base` of busybox. */
async function createStore(t: TestContext, driver: Driver = 'overlay2'): Promise<Store> {
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: driver });
  t.after(() => engine[Symbol.asyncDispose]());
  await engine.builder.build({ context: busyboxContext(t), tags: ['base'] }).result;
  return {
    engine,
    build: async (dockerfile, { files = {}, ...more } = {}) => {
      const context = folderWith(t, { ...files, Dockerfile: `${dockerfile.join('\n')}\n` });
      const moves: string[] = [];
      const steps: Record<string, string> = {};
      await using operation = engine.builder.build({ network: 'none', ...more, context });
      for await (const event of operation) {
        if (event.type !== 'step') continue;
        steps[event.vertex.name] = event.step.state;
        moves.push(`${event.vertex.name} ${event.step.state}`);
      }
      const { id } = await operation.result;
      return { id, steps, moves };
    },
    tree: (image, below) => withImageTree(engine, image, (folder) => shortListing(folder, below), driver),
  };
}

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`the image has the files of its own stage, and those it copies from others, on ${driver}`, {
    skip,
  }, async (t) => {
    const { engine, build, tree } = await createStore(t, driver);
    const { id, steps } = await build([
      'FROM base AS Build',
      'ENV BUILT=yes',
      'RUN mkdir -p /out/sub && echo made > /out/sub/file && busybox ln -s file /out/sub/link',
      'RUN dd if=/dev/zero of=/out/big bs=1024 count=64 2>/dev/null',
      'FROM scratch AS middle',
      'LABEL from=middle',
      'WORKDIR /w',
      'COPY --from=build /out/sub /copied',
      'FROM middle',
      'COPY --from=0 /out/big .',
      'CMD ["/x"]',
    ]);
    assert.deepEqual(Object.keys(steps).toSorted(), [
      '[build 1/2] RUN mkdir -p /out/sub && echo made > /out/sub/file && busybox ln -s file /out/sub/link',
      '[build 2/2] RUN dd if=/dev/zero of=/out/big bs=1024 count=64 2>/dev/null',
      '[middle 1/2] WORKDIR /w',
      '[middle 2/2] COPY --from=build /out/sub /copied',
      '[stage-2 1/1] COPY --from=0 /out/big .',
    ]);
    assert.deepEqual(
      (await tree(id)).map((line) => line.replace(/ "(?:\\u0000)+"$/, '')),
      [
        'd755 0:0 /copied',
        '-644 0:0 /copied/file "made\\n"',
        'l 0:0 /copied/link -> file',
        'd755 0:0 /w',
        '-644 0:0 /w/big',
      ],
    );
    const { config } = await engine.images.inspect(id);
    assert.deepEqual({ ...config.config.Labels }, { from: 'middle' });
    assert.ok(!config.config.Env?.some((variable) => variable.startsWith('BUILT')));
    assert.deepEqual(
      config.history.map(({ created_by }) => created_by),
      ['LABEL from=middle', 'WORKDIR /w', 'COPY /out/sub /copied', 'COPY /out/big .', 'CMD ["/x"]'],
    );
    assert.equal(config.rootfs.diff_ids.length, 3);
  });

  test(`symlinks of a stage end in the stage, on ${driver}`, { skip }, async (t) => {
    const { build, tree } = await createStore(t, driver);
    const stage = [
      'FROM base AS s',
      'RUN mkdir -p /d/e /etc && echo stage > /etc/os-release && busybox ln -s /etc/os-release /abs && busybox ln -s ../../../../../../../etc/os-release /d/e/up \\',
      ' && busybox ln -s / /d/root && busybox ln -s /proc/self/root /d/proc && busybox ln -s /d/root/d/root/etc /far',
      'FROM scratch',
    ];
    const { id } = await build([
      ...stage,
      'COPY --from=s /abs /a',
      'COPY --from=s /d/e/up /b',
      'COPY --from=s /d/root/etc/os-release /c',
      'COPY --from=s /far/os-release /d',
      'COPY --from=s ../../../etc/os-release /e',
      'COPY --from=s /d /links/',
    ]);
    assert.deepEqual(
      (await tree(id)).filter((line) => !line.startsWith('d755')),
      [
        ...['a', 'b', 'c', 'd', 'e'].map((name) => `-644 0:0 /${name} "stage\\n"`),
        'l 0:0 /links/e/up -> ../../../../../../../etc/os-release',
        'l 0:0 /links/proc -> /proc/self/root',
        'l 0:0 /links/root -> /',
      ],
    );
    for (const path of ['/d/proc/etc/os-release', '/d/proc']) {
      await assert.rejects(build([...stage, `COPY --from=s ${path} /x`]), { code: 'ERR_COPY_SOURCE_NOT_FOUND' }, path);
    }
  });
}

test('a step that is run again with the same files changes nothing above a COPY --from', { skip }, async (t) => {
  const { build } = await createStore(t);
  const dockerfile = (version: string, content: string): string[] => [
    'FROM base AS build',
    `RUN echo ${content} > /made && echo ${version} > /other`,
    'FROM base',
    'COPY --from=build /made /made',
    'RUN cat /made',
  ];
  const states = async (...given: [string, string]): Promise<string[]> =>
    Object.values((await build(dockerfile(...given))).steps);
  assert.deepEqual(await states('1', 'one'), ['done', 'done', 'done']);
  assert.deepEqual(await states('1', 'one'), ['hit', 'hit', 'hit']);
  assert.deepEqual(await states('2', 'one'), ['done', 'hit', 'hit']);
  assert.deepEqual(await states('2', 'one'), ['hit', 'hit', 'hit']);
  assert.deepEqual(await states('2', 'two'), ['done', 'done', 'done']);
  const again = await build(dockerfile('1', 'one'));
  assert.deepEqual(Object.values(again.steps), ['hit', 'hit', 'hit']);
  assert.equal(again.id, (await build(dockerfile('2', 'one'))).id);
});

test('owner, mode and kind of copied files enter the key, their time does not', { skip }, async (t) => {
  const { build } = await createStore(t);
  const stateOfCopy = async (make: string, flag = ''): Promise<string | undefined> => {
    const { steps } = await build(['FROM base AS b', `RUN ${make}`, 'FROM scratch', `COPY --from=b ${flag} /d /d`]);
    return Object.entries(steps).find(([name]) => name.includes('COPY'))?.[1];
  };
  const file = 'mkdir /d && echo x > /d/f';
  assert.equal(await stateOfCopy(file), 'done');
  assert.equal(await stateOfCopy(`${file} && touch -d 2001-02-03 /d/f`), 'hit');
  const others = [
    'busybox chown 1 /d/f',
    'busybox chmod 600 /d/f',
    'ls > /d/g',
    'rm /d/f && busybox ln -s x /d/f',
    'busybox mknod /d/c c 1 3',
    'busybox mknod /d/c c 1 5',
  ];
  for (const other of others) assert.equal(await stateOfCopy(`${file} && ${other}`), 'done', other);
  assert.equal(await stateOfCopy(file, '--chown=5'), 'done');
  assert.equal(await stateOfCopy(`${file} && busybox chown 1 /d/f`, '--chown=5'), 'hit', 'of no matter for the copy');
});

test('unneeded stages are skipped, with all that they are built on', { skip }, async (t) => {
  const { build } = await createStore(t);
  const dockerfile = [
    'FROM nowhere/to/be:found AS unused',
    'RUN false',
    'FROM base AS needed',
    'RUN echo x > /x',
    'FROM unused AS unused2',
    'COPY --from=nowhere:2 / /',
    'FROM scratch AS target',
    'COPY --from=needed /x /x',
    'FROM unused2',
  ];
  assert.deepEqual((await build(dockerfile, { target: 'TARGET' })).steps, {
    '[needed 1/1] RUN echo x > /x': 'done',
    '[target 1/1] COPY --from=needed /x /x': 'done',
  });
  assert.deepEqual((await build(dockerfile, { target: '3' })).steps, {
    '[needed 1/1] RUN echo x > /x': 'hit',
    '[target 1/1] COPY --from=needed /x /x': 'hit',
  });
  await assert.rejects(
    build(dockerfile),
    (error) => isStrataError(error, 'ERR_IMAGE_NOT_FOUND') && error.details?.['line'] === 1,
  );
});

test('equal steps of two stages are one step', { skip }, async (t) => {
  const { build, tree } = await createStore(t);
  const same = ['COPY f /', 'RUN cat /proc/sys/kernel/random/uuid > /random'];
  const { id, steps } = await build(
    [
      'FROM base AS a',
      ...same,
      'FROM base AS b',
      ...same,
      'FROM scratch',
      'COPY --from=a /random /a',
      'COPY --from=b /random /b',
    ],
    { files: { f: 'x' } },
  );
  assert.deepEqual(Object.keys(steps), [
    '[a 1/2] COPY f /',
    '[a 2/2] RUN cat /proc/sys/kernel/random/uuid > /random',
    '[stage-2 1/2] COPY --from=a /random /a',
    '[stage-2 2/2] COPY --from=b /random /b',
  ]);
  const [a, b] = (await tree(id)).map((line) => line.slice(line.indexOf('"')));
  assert.ok(a !== undefined && a === b);
});

test('independent stages run side by side', {
  skip: skip || (availableParallelism() < 2 && 'one processor'),
}, async (t) => {
  const { build, tree } = await createStore(t);
  // One step waits for the other, which waits for the first: one after the other they would wait for ever.
  const port = 20_000 + (process.pid % 10_000);
  const meet = {
    listen: `RUN --network=host busybox nc -l -p ${port} </dev/null >/dev/null; echo met > /met`,
    call: `RUN --network=host until busybox nc 127.0.0.1 ${port} </dev/null 2>/dev/null; do busybox usleep 1000; done; echo met > /met`,
  };
  const { id } = await build(
    [
      'FROM base AS one',
      meet.listen,
      'FROM base AS two',
      meet.call,
      'FROM scratch',
      'COPY --from=one /met /one',
      'COPY --from=two /met /two',
    ],
    { network: 'host', signal: AbortSignal.timeout(patienceMs) },
  );
  assert.deepEqual(await tree(id), ['-644 0:0 /one "met\\n"', '-644 0:0 /two "met\\n"']);
});

test('COPY --from takes an image of the store, too, and .dockerignore is for the context alone', {
  skip,
}, async (t) => {
  const { build, tree } = await createStore(t);
  const files = { f: 'x', '.dockerignore': 'f\netc\n' };
  const { id } = await build(
    ['FROM scratch', 'COPY --from=base /etc/gr* /a/', 'COPY --from=base:latest etc/passwd /a/'],
    { files },
  );
  assert.deepEqual(
    (await tree(id)).map((line) => line.split(' ')[2]),
    ['/a', '/a/group', '/a/passwd'],
  );
  await assert.rejects(build(['FROM scratch', 'COPY f /'], { files }), /not found in the build context/);
});

test('a linked copy out of a stage comes from the cache on another base', { skip }, async (t) => {
  const { build, tree } = await createStore(t);
  const stage = ['FROM base AS s', 'RUN mkdir /d && echo x > /d/f && busybox chown 3:4 /d/f'];
  await build([...stage, 'FROM scratch', 'COPY --link --from=s /d /to/']);
  const { id, steps } = await build([...stage, 'FROM scratch', 'WORKDIR /other', 'COPY --link --from=s /d /to/']);
  assert.deepEqual(
    Object.entries(steps)
      .map(([name, state]) => `${name.slice(name.indexOf(']') + 2)} ${state}`)
      .sort(),
    ['COPY --from=s /d /to/ hit', `${stage[1]} hit`, 'LINK COPY --from=s /d /to/ done', 'WORKDIR /other done'].sort(),
  );
  assert.deepEqual(await tree(id), ['d755 0:0 /other', 'd755 0:0 /to', '-644 3:4 /to/f "x\\n"']);
});

test('an error names the line of the instruction in its stage', { skip }, async (t) => {
  const { build } = await createStore(t);
  const failures: readonly (readonly [line: number, code: string, message: RegExp, ...dockerfile: string[]])[] = [
    [
      4,
      'ERR_COPY_SOURCE_NOT_FOUND',
      /COPY --from=a \/nope: not found in stage a$/,
      'FROM base AS a',
      'FROM base AS b',
      'LABEL a=b',
      'COPY --from=a /nope /',
      'FROM scratch',
      'COPY --from=b / /',
    ],
    [2, 'ERR_RUN_FAILED', /line 2/, 'FROM base AS a', 'RUN exit 3', 'FROM scratch', 'COPY --from=a / /'],
    [2, 'ERR_IMAGE_NOT_FOUND', /^image nowhere: not found locally$/, 'FROM base', 'COPY --from=nowhere / /x'],
    [1, 'ERR_IMAGE_NOT_FOUND', /^image nowhere: not found locally$/, 'FROM nowhere AS a', 'FROM a', 'LABEL x=y'],
    [
      3,
      'ERR_DOCKERFILE_STAGE',
      /cannot copy from stage "b", it needs to be defined before current stage "a"/,
      'FROM base',
      'FROM base AS a',
      'COPY --from=b / /x',
      'FROM a AS b',
    ],
    [
      3,
      'ERR_DOCKERFILE_STAGE',
      /circular dependency detected on stage: a/,
      'FROM base',
      'LABEL a=b',
      'FROM base AS a',
      'COPY --from=a / /x',
    ],
    [
      2,
      'ERR_COPY_SOURCE_NOT_FOUND',
      /COPY --from=scratch \/x: not found in scratch/,
      'FROM base',
      'COPY --from=scratch /x /x',
    ],
  ];
  for (const [line, code, message, ...dockerfile] of failures) {
    await assert.rejects(build(dockerfile), (error) => {
      assert.ok(isStrataError(error), String(error));
      assert.deepEqual([error.code, error.details?.['line']], [code, line], dockerfile.join('; '));
      assert.match(error.message, message);
      return true;
    });
  }
});

test('an error about a missing image hints at a misspelt stage', { skip }, async (t) => {
  const { engine, build } = await createStore(t);
  const { id } = await build(['FROM scratch', 'ONBUILD COPY --from=tool / /x']);
  await engine.images.tag(id, 'triggering');
  const near = /^No stage above has that name either: did you mean tools\? Load, import or build the image first/;
  const cases: readonly (readonly [RegExp, ...string[]])[] = [
    [near, 'FROM base AS tools', 'FROM base', 'COPY --from=tolls / /x'],
    [near, 'FROM base AS tools', 'FROM toolz'],
    [near, 'FROM base AS tools', 'FROM triggering'],
    [/^No stage above has that name either\. Load/, 'FROM base AS tools', 'FROM nowhere'],
    [/^Load/, 'FROM base', 'COPY --from=nowhere / /x'],
    [/did you mean tools\?$/, 'FROM base AS tools', 'FROM Tools'],
  ];
  for (const [hint, ...dockerfile] of cases) {
    await assert.rejects(build(dockerfile), (error) => {
      assert.ok(isStrataError(error), String(error));
      assert.match(error.hint ?? '', hint, dockerfile.join('; '));
      return true;
    });
  }
});

test('triggers of a base may copy from the stages of the Dockerfile that they run in', { skip }, async (t) => {
  const { engine, build, tree } = await createStore(t);
  const { id } = await build([
    'FROM scratch',
    'ONBUILD COPY --from=tools /tool /',
    'ONBUILD COPY --from=base /etc/group /',
  ]);
  await engine.images.tag(id, 'triggering');
  const built = await build(['FROM base AS tools', 'RUN echo tool > /tool', 'FROM triggering']);
  assert.deepEqual(
    (await tree(built.id)).map((line) => line.split(' ')[2]),
    ['/group', '/tool'],
  );
  await assert.rejects(build(['FROM triggering AS x', 'FROM base AS tools', 'FROM x']), {
    code: 'ERR_DOCKERFILE_STAGE',
  });
});
