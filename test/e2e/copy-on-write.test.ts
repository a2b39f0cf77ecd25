import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import type { StrataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

interface Sizes {
  readonly SizeRw: number;
  readonly SizeRootFs: number;
}

// Each instruction makes a layer of its own.
const layers = [
  'RUN echo first > /first; mkdir -p /shared/a; echo 1 > /shared/one; echo kept > /shared/kept',
  'RUN echo second > /second; echo 2 > /shared/a/two',
  'RUN echo third > /third; rm /shared/kept; echo 3 > /shared/three',
];

/** Returns the output of a command that must succeed. */
async function outputOf(strata: StrataCommand, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await strata(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

const script = `cat /first; echo more >> /second; rm /third; echo new > /shared/new; rm /shared/one; mkdir /made
  echo in > /made/in; rm -r /shared/a; mkdir /shared/a; chmod 600 /shared/three; mkdir -p /etc/empty`;

const expected = `A /etc/empty
A /made
A /made/in
C /etc
C /second
C /shared
A /shared/new
C /shared/a
D /shared/a/two
D /shared/one
C /shared/three
D /third
`;

const sorted = (text: string): readonly string[] =>
  text
    .trim()
    .split('\n')
    .sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));

for (const driver of ['overlay2', 'vfs']) {
  test(`changes in a container to files of several layers leave the image as it was, on ${driver}`, {
    skip,
  }, async (t) => {
    const strata = await busyboxStore(t, driver);
    await outputOf(strata, 'build', '-q', '--network', 'none', '-t', 'layers', busyboxContext(t, layers));
    const image = await outputOf(strata, 'image', 'inspect', 'layers');

    const run = ['run', '-d', '--network', 'none'];
    await outputOf(strata, ...run, '--name', 'one', 'layers', 'sh', '-c', `${script}; echo done; exec sleep 1000`);
    while (!(await outputOf(strata, 'logs', 'one')).includes('done'));
    assert.deepEqual(sorted(await outputOf(strata, 'diff', 'one')), sorted(expected), 'as it runs');
    await outputOf(strata, 'kill', 'one');
    await outputOf(strata, 'wait', 'one');
    assert.deepEqual(
      sorted(await outputOf(strata, 'container', 'diff', 'one')),
      sorted(expected),
      'and when it has ended',
    );

    assert.equal(await outputOf(strata, 'image', 'inspect', 'layers'), image, 'the image is what it was');
    await outputOf(
      strata,
      'run',
      '--name',
      'two',
      '--network',
      'none',
      'layers',
      'cat',
      '/second',
      '/third',
      '/shared/a/two',
    );
    assert.equal(await outputOf(strata, 'logs', 'two'), 'second\nthird\n2\n', 'others see the original');
    assert.equal(await outputOf(strata, 'diff', 'two'), '', 'a container without changes');

    const images = JSON.parse(image) as readonly { readonly Size: number }[];
    const imageBytes = images[0]?.Size ?? 0;
    const sizes = JSON.parse(await outputOf(strata, 'container', 'inspect', '-s', 'one', 'two')) as readonly Sizes[];
    // Content of /second with a line more, /shared/three with another mode, /shared/new and /made/in.
    const written = 'second\nmore\n3\nnew\nin\n'.length;
    assert.deepEqual(
      sizes.map(({ SizeRw, SizeRootFs }) => [SizeRw, SizeRootFs - imageBytes]),
      [
        [written, written],
        [0, 0],
      ],
      'what is written, and nothing else',
    );
    const rows = await outputOf(strata, 'ps', '-a', '-s', '--format', '{{.Names}} {{.Size}}');
    assert.match(rows, new RegExp(`^two 0B \\(virtual [\\d.]+MB\\)\none ${written}B \\(virtual [\\d.]+MB\\)\n$`));
    assert.match(await outputOf(strata, 'ps', '-a', '-s'), /NAMES +SIZE\n/);

    const { code, stderr } = await strata('diff', 'missing');
    assert.deepEqual([code, stderr.split('\n')[0]], [1, 'strata: No such container: missing']);
    await outputOf(strata, 'rm', 'one', 'two');
  });
}
