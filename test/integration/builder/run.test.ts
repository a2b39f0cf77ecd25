import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BuildRequest, Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { shortListing, withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { layerEntries, type RecordedBuild, recordBuild } from '../../helpers/record-build.ts';
import { storeRoot } from '../../helpers/store-root.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

type More = Omit<BuildRequest, 'context'> & { readonly files?: Readonly<Record<string, string>> };
type Build = (t: TestContext, lines: readonly string[], more?: More) => Promise<RecordedBuild>;

/** Creates a store with an image `base` of busybox; returns it and a function that builds on it. */
async function createStore(
  t: TestContext,
  driver = 'overlay2',
): Promise<{ readonly engine: Engine; readonly build: Build }> {
  // Steps run without workers here; tests of ends and kills use those.
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: driver, mountThread: 'main' });
  t.after(() => engine[Symbol.asyncDispose]());
  await engine.builder.build({ context: busyboxContext(t), tags: ['base'] }).result;
  const build: Build = async (each, lines, { files = {}, ...more } = {}) => {
    const from = lines.some((line) => line.startsWith('FROM ')) ? [] : ['FROM base'];
    return await recordBuild(engine, { context: buildContext(each, [...from, ...lines], files), ...more });
  };
  return { engine, build };
}

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`changes of RUN are the step's layer, on ${driver}`, { skip }, async (t) => {
    const { engine, build } = await createStore(t, driver);
    const { id } = await build(t, [
      'RUN mkdir /made && echo one > /made/file',
      'RUN rm -r /home/me && echo two >> /made/file',
      'RUN true',
    ]);
    const [, ...layers] = await layerEntries(engine, id);
    const parents = driver === 'overlay2' ? ['directory home'] : [];
    assert.deepEqual(layers, [
      ['directory made', 'file made/file'],
      [...(driver === 'overlay2' ? [] : ['directory home']), ...parents, 'file made/file', 'whiteout home/me']
        .concat(driver === 'overlay2' ? ['directory made'] : [])
        .sort(),
      [],
    ]);
    await withImageTree(
      engine,
      id,
      (tree) => assert.deepEqual(shortListing(tree, '/made'), ['-644 0:0 /made/file "one\\ntwo\\n"']),
      driver,
    );
    const { steps } = await engine.images.history(id);
    assert.equal(steps[0]?.sizeBytes, 0);
    assert.ok(steps[0]?.diffId, 'a RUN that changes nothing has a layer, as with docker');
  });
}

test('a command gets the settings of the Dockerfile above it', { skip }, async (t) => {
  const { engine, build } = await createStore(t);
  const lines = async (each: TestContext, dockerfile: readonly string[], more?: More): Promise<string[]> =>
    (await build(each, dockerfile, more)).log.split('\n');

  await t.test('a command sees the base and nothing of the host', async (each) => {
    const log = await lines(each, ['RUN env; pwd; id; hostname; cat /etc/hosts; ls /dev/pipes; echo $$']);
    for (const line of ['FROM_IMAGE=yes', 'HOME=/root', '/', 'strata-build', '127.0.0.1\tstrata-build', '1']) {
      assert.ok(log.includes(line), `${line} in ${JSON.stringify(log)}`);
    }
    assert.ok(log.some((line) => line.startsWith('PATH=/usr/local/sbin:')));
    assert.ok(log.some((line) => line.startsWith('uid=0(root) gid=0(root)')));
    assert.ok(!log.some((line) => line.startsWith('STRATA') || line.startsWith('NODE')));
    assert.ok(!log.some((line) => line.startsWith('HOSTNAME')), "as in BuildKit, unlike in 'run'");
    assert.ok((await lines(each, ['ENV HOSTNAME=own', 'RUN env'])).includes('HOSTNAME=own'));
  });

  await t.test('USER, WORKDIR, ENV and ARG apply', async (each) => {
    const log = await lines(
      each,
      [
        'ARG BARE',
        'ARG GIVEN=default',
        'ARG PATHLIKE=/some/dir',
        'ARG BOTH=arg',
        'ENV BOTH=env SEEN=$GIVEN',
        'WORKDIR $PATHLIKE',
        'USER me:staff',
        'RUN env | sort; pwd; id',
      ],
      { buildArgs: { GIVEN: 'here', HTTP_PROXY: 'http://proxy.example', UNKNOWN: 'x' } },
    );
    for (const line of [
      'GIVEN=here',
      'SEEN=here',
      'BOTH=env',
      'PATHLIKE=/some/dir',
      'HOME=/home/me',
      'HTTP_PROXY=http://proxy.example',
      'http_proxy=http://proxy.example',
      '/some/dir',
    ]) {
      assert.ok(log.includes(line), `${line} in ${JSON.stringify(log)}`);
    }
    assert.ok(log.some((line) => line.startsWith('uid=1001(me) gid=50(staff)')));
    assert.ok(!log.some((line) => line.startsWith('BARE') || line.startsWith('UNKNOWN')));
  });

  await t.test('the exec form runs without a shell, the other one by SHELL', async (each) => {
    const log = await lines(each, [
      'RUN ["echo", "$HOME  x"]',
      'SHELL ["/bin/sh", "-e", "-c"]',
      'RUN echo $-; echo $HOME',
    ]);
    assert.equal(log[0], '$HOME  x');
    assert.match(log[1] ?? '', /e/);
    assert.equal(log[2], '/root');
  });

  await t.test(
    'heredocs go to the shell, alone or several, or to another interpreter, with tabs removed',
    async (each) => {
      const { log } = await build(each, [
        'RUN <<EOF',
        'echo first $((1 + 1))',
        'echo "second"',
        'EOF',
        'RUN cat <<ONE && cat <<"TWO"',
        'one $HOME',
        'ONE',
        'two $HOME',
        'TWO',
        'RUN <<-SCRIPT',
        '\t#!/bin/cat',
        '\tverbatim $HOME',
        'SCRIPT',
        'RUN cat > /made <<EOF',
        'kept',
        'EOF',
        'RUN cat /made',
      ]);
      assert.equal(log, 'first 2\nsecond\none /root\ntwo $HOME\n#!/bin/cat\nverbatim $HOME\nkept\n');
    },
  );

  await t.test('a trigger of the base runs', async (each) => {
    await build(each, ['ONBUILD RUN echo from the base in $(pwd) > /tmp/told', 'WORKDIR /tmp'], {
      tags: ['with-trigger'],
    });
    const { log } = await build(each, ['FROM with-trigger', 'RUN cat /tmp/told']);
    assert.equal(log, 'from the base in /tmp\n');
  });

  await t.test('history names the commands, with the ARGs in scope', async (each) => {
    const { id } = await build(
      each,
      ['ARG A=1', 'ARG B', 'RUN echo "$A" \\', '  two', 'RUN ["true"]', 'ENV A=2', 'RUN true'],
      { buildArgs: { HTTPS_PROXY: 'http://user:secret@proxy' } },
    );
    const { steps } = await engine.images.history(id);
    const runs = steps.map(({ entry }) => entry.created_by ?? '').filter((text) => text.startsWith('RUN'));
    assert.deepEqual(runs, [
      'RUN |2 A=2 B= /bin/sh -c true',
      'RUN |2 A=1 B= true',
      'RUN |2 A=1 B= /bin/sh -c echo "$A"   two',
    ]);
  });
});

test('a step runs again when one of its dependencies changed, and only then', { skip }, async (t) => {
  const { build } = await createStore(t);
  const states = async (lines: readonly string[], more?: More): Promise<string> =>
    Object.values((await build(t, lines, more)).steps).join(' ');

  const plain = ['RUN echo $RANDOM > /number', 'RUN cat /number'];
  assert.equal(await states(plain), 'done done');
  const first = await build(t, plain);
  assert.deepEqual(Object.values(first.steps), ['hit', 'hit']);
  assert.equal((await build(t, plain)).id, first.id);
  // A command's result may differ each time: steps above must not come from an earlier one.
  assert.equal(await states(plain, { noCache: true }), 'done done');

  await t.test('variables count, proxies do not', async () => {
    const args = ['ARG V', 'RUN echo $V'];
    assert.equal(await states(args, { buildArgs: { V: '1' } }), 'done');
    assert.equal(await states(args, { buildArgs: { V: '1', HTTP_PROXY: 'http://one' } }), 'hit');
    assert.equal(await states(args, { buildArgs: { V: '2' } }), 'done');
    // A later ARG does not count.
    assert.equal(await states(['RUN echo v', 'ARG V'], { buildArgs: { V: '1' } }), 'done');
    assert.equal(await states(['RUN echo v', 'ARG V'], { buildArgs: { V: '2' } }), 'hit');
  });
  await t.test('user, folder, shell and network count', async () => {
    assert.equal(await states(['RUN id']), 'done');
    assert.equal(await states(['USER me', 'RUN id']), 'done');
    assert.equal(await states(['WORKDIR /tmp', 'RUN id']), 'done done');
    assert.equal(await states(['WORKDIR /tmp', 'WORKDIR /', 'RUN id']), 'hit done');
    assert.equal(await states(['SHELL ["/bin/sh", "-ec"]', 'RUN id']), 'done');
    assert.equal(await states(['RUN id'], { network: 'none' }), 'done');
    assert.equal(await states(['RUN --network=none id']), 'hit');
    assert.equal(await states(['RUN id'], { network: 'host' }), 'hit');
  });
  await t.test('the text of a script counts, though the command line has only its name', async () => {
    const script = (word: string): string[] => ['RUN <<EOF', '#!/bin/sh', `echo ${word}`, 'EOF'];
    assert.equal(await states(script('one')), 'done');
    assert.equal(await states(script('two')), 'done');
    assert.equal(await states(script('one')), 'hit');
  });
  await t.test('steps on one that changed nothing come from the cache', async () => {
    const above = ['RUN echo above > /above', 'WORKDIR /there'];
    assert.equal(await states(['RUN test -e /bin/sh', ...above]), 'done done done');
    assert.equal(await states(['RUN test -x /bin/sh', ...above]), 'done hit hit');
    assert.equal(await states(['RUN touch /changed', ...above]), 'done done done');
  });
});

test('networks of a step', { skip }, async (t) => {
  const { build } = await createStore(t);
  const devices = async (each: TestContext, line: string, more?: More): Promise<string> =>
    (await build(each, [line], { noCache: true, ...more })).log
      .split('\n')
      .filter((text) => /^ *\w+:/.test(text))
      .join(' ');
  const list = 'cat /proc/net/dev';
  const hosts = await devices(t, `RUN ${list}`, { network: 'host' });
  await t.test("the host's network is the default", async (each) => {
    const names = (text: string): string[] => text.match(/\w+:/g) ?? [];
    assert.deepEqual(names(await devices(each, `RUN ${list}`)), names(hosts));
    assert.deepEqual(names(await devices(each, `RUN --network=host ${list}`, { network: 'host' })), names(hosts));
  });
  await t.test('network none has a loopback device and nothing else', async (each) => {
    assert.match(await devices(each, `RUN --network=none ${list}`), /^ *lo:[^:]*$/);
    assert.match(await devices(each, `RUN ${list}`, { network: 'none' }), /^ *lo:[^:]*$/);
  });
  await t.test('a Dockerfile takes no more than is granted', async (each) => {
    for (const network of ['default', 'none'] as const) {
      await assert.rejects(build(each, ['RUN true', 'RUN --network=host true'], { network }), (error) => {
        assert.ok(isStrataError(error, 'ERR_NETWORK_REFUSED'));
        assert.match(error.message, /^dockerfile line 3: /);
        return true;
      });
    }
  });
});

test('a failed step names itself, the failure and its last output', { skip }, async (t) => {
  const { engine, build } = await createStore(t);
  const failure = async (each: TestContext, lines: readonly string[]) => {
    try {
      await build(each, lines);
    } catch (error) {
      if (isStrataError(error)) return error;
      throw error;
    }
    throw new Error('did not fail');
  };
  for (const [name, lines, exitCode, message] of [
    [
      'exit code',
      ['LABEL a=b', 'RUN echo last words >&2; exit 3'],
      3,
      /^dockerfile line 3: process "\/bin\/sh -c echo last words >&2; exit 3" did not complete successfully: exit code: 3$/,
    ],
    ['not found by the shell', ['RUN no-such-program'], 127, /exit code: 127$/],
    [
      'not found',
      ['RUN ["/no/such/program"]'],
      127,
      /^dockerfile line 2: process "\/no\/such\/program" did not complete successfully: .*no such file/,
    ],
    ['cannot be executed', ['RUN ["/etc/passwd"]'], 126, /permission denied/],
    ['no shell', ['SHELL ["/bin/none"]', 'RUN x'], 127, /line 3: process "\/bin\/none x"/],
    ['killed', ["RUN sh -c 'kill -9 $$'; exit $?"], 137, /exit code: 137$/],
  ] as const) {
    await t.test(name, async (each) => {
      const error = await failure(each, lines);
      assert.equal(error.code, 'ERR_RUN_FAILED');
      assert.equal(error.details?.['exitCode'], exitCode);
      assert.match(error.message, message);
      if (name === 'exit code') assert.equal(error.details?.['log'], 'last words\n');
      if (name === 'not found')
        assert.equal(
          error.hint,
          'Install the program in a step before, build on an image that has it, or correct its name.',
        );
    });
  }
  await t.test('a user that the image does not know is an error', async (each) => {
    assert.equal((await failure(each, ['USER nobody-here', 'RUN true'])).code, 'ERR_USER_UNKNOWN');
  });
  await t.test('nothing of a failed step stays, and the steps before it are cached', async (each) => {
    const { steps } = await build(each, ['RUN echo kept > /kept']);
    assert.deepEqual(Object.values(steps), ['done']);
    await failure(each, ['RUN echo kept > /kept', 'RUN echo lost > /kept; false']);
    const again = await build(each, ['RUN echo kept > /kept', 'RUN cat /kept']);
    assert.equal(again.log, 'kept\n');
    assert.deepEqual(Object.values(again.steps), ['hit', 'done']);
    assert.equal(
      (await engine.images.list()).some(({ repository }) => repository === 'x'),
      false,
    );
  });
});
