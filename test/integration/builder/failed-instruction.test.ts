import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderError } from '../../../src/cli/render/error.ts';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { folderWith } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';

const rule = '-'.repeat(20);

/** Message that the command prints for each failure; the arrow is at the instruction's lines. */
const failures: Readonly<Record<string, readonly [dockerfile: string, shown: readonly string[]]>> = {
  'a user that the image does not have': [
    'FROM scratch\nLABEL a=b\n\nCOPY --chown=nobody file /\nLABEL c=d\nLABEL e=f\nLABEL g=h\n',
    [
      'Dockerfile:4',
      rule,
      '   2 |     LABEL a=b',
      '   3 |     ',
      '   4 | >>> COPY --chown=nobody file /',
      '   5 |     LABEL c=d',
      '   6 |     LABEL e=f',
      rule,
      'strata: unable to find user nobody: no matching entries in passwd file',
    ],
  ],
  'a missing source': [
    'FROM scratch\nCOPY absent \\\n  /\n',
    [
      'Dockerfile:2',
      rule,
      '   1 |     FROM scratch',
      '   2 | >>> COPY absent \\',
      '   3 | >>>   /',
      rule,
      'strata: COPY absent: not found in the build context',
    ],
  ],
  'a user of RUN': [
    'FROM scratch\nUSER nobody\nRUN ["/x"]\n',
    [
      'Dockerfile:3',
      rule,
      '   1 |     FROM scratch',
      '   2 |     USER nobody',
      '   3 | >>> RUN ["/x"]',
      rule,
      'strata: unable to find user nobody: no matching entries in passwd file',
    ],
  ],
  'a working folder that is a file, under a linked copy': [
    'FROM scratch\nCOPY --link file /a\nWORKDIR /a/b\n',
    [
      'Dockerfile:3',
      rule,
      '   1 |     FROM scratch',
      '   2 |     COPY --link file /a',
      '   3 | >>> WORKDIR /a/b',
      rule,
      'strata: destination /a/b: not a directory',
    ],
  ],
  'a missing base': [
    '# base\nFROM absent\n',
    [
      'Dockerfile:2',
      rule,
      '   1 |     # base',
      '   2 | >>> FROM absent',
      rule,
      'strata: image absent: not found locally',
    ],
  ],
  'a base whose variable has no value': [
    'ARG version\nFROM busybox:${version}\n',
    [
      'Dockerfile:2',
      rule,
      '   1 |     ARG version',
      '   2 | >>> FROM busybox:${version}',
      rule,
      'strata: failed to parse stage name "busybox:": invalid reference format',
      "hint: No value for version: put 'ARG version=…' before the first FROM, or an ARG there and give the build an argument version (--build-arg NAME=VALUE).",
    ],
  ],
  'a value': [
    'FROM scratch\nEXPOSE 99999999\n',
    [
      'Dockerfile:2',
      rule,
      '   1 |     FROM scratch',
      '   2 | >>> EXPOSE 99999999',
      rule,
      'strata: invalid containerPort: 99999999',
    ],
  ],
  'an unknown instruction with control characters': [
    'FROM scratch\nBOO \x1b[2J\n',
    [
      'Dockerfile:2',
      rule,
      '   1 |     FROM scratch',
      '   2 | >>> BOO \\x1b[2J',
      rule,
      'strata: dockerfile parse error on line 2: unknown instruction: BOO',
    ],
  ],
  'a very long heredoc': [
    `FROM scratch\nCOPY <<E <<F /file\n${'x\n'.repeat(50)}E\nF\n`,
    [
      'Dockerfile:2',
      rule,
      '   1 |     FROM scratch',
      '   2 | >>> COPY <<E <<F /file',
      ...Array.from({ length: 13 }, (_, at) => `${String(at + 3).padStart(4)} | >>> x`),
      rule,
      'strata: When using COPY with more than one source file, the destination must be a directory and end with a /',
    ],
  ],
  'an empty Dockerfile': ['', ['strata: dockerfile parse error on line 1: file with no instructions']],
};

test('an error of a build shows its position in the Dockerfile', { skip: needs('root', 'overlay') }, async (t) => {
  await using engine = await Engine.open({ root: storeRoot(t) });
  for (const [name, [dockerfile, shown]] of Object.entries(failures)) {
    await t.test(name, async (t) => {
      const context = folderWith(t, { Dockerfile: dockerfile, file: 'text' });
      const error: unknown = await engine.builder.build({ context }).result.catch((failure: unknown) => failure);
      assert.deepEqual(renderError(error, { debug: false }).split('\n').slice(0, shown.length), shown);
    });
  }
  await t.test('details of an error name a Dockerfile of another name', async (t) => {
    const context = folderWith(t, { 'sub/x.Dockerfile': 'FROM scratch\nCOPY absent /\n' });
    const error: unknown = await engine.builder
      .build({ context, dockerfile: 'sub/x.Dockerfile' })
      .result.catch((failure: unknown) => failure);
    assert.ok(isStrataError(error, 'ERR_COPY_SOURCE_NOT_FOUND'), String(error));
    const { file, line, endLine } = error.details ?? {};
    assert.deepEqual({ file, line, endLine }, { file: 'sub/x.Dockerfile', line: 2, endLine: 2 });
  });
});
