import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { variablesOf, withVariable } from '../../../src/dockerfile/environment.ts';
import { expandMetaArgs, expandStageArgs } from '../../../src/dockerfile/expand-args.ts';
import { expandInstruction, expandMounts } from '../../../src/dockerfile/expand-instruction.ts';
import { parseInstructions } from '../../../src/dockerfile/instructions/parse-instructions.ts';
import type { ArgInstruction, Instruction, RunInstruction } from '../../../src/dockerfile/instructions/types.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { utf8 } from '../../../src/lib/bytes.ts';

const variables = new Map([
  ['A', 'one'],
  ['D', '/dir'],
  ['S', 'x y'],
]);
const escape = '\\' as const;

function read(text: string): Instruction {
  const [instruction] = parseInstructions(parseDockerfile(utf8(`FROM a\n${text}`))).stages[0]?.instructions ?? [];
  assert.ok(instruction !== undefined);
  return instruction;
}

const expandText = (text: string): Record<string, unknown> => ({
  ...expandInstruction(read(text), variables, { escape }),
});

describe('an instruction with its variables replaced', () => {
  const cases: readonly (readonly [text: string, fields: Record<string, unknown>])[] = [
    ['ENV A=two B=$A "C$A"="$S"', { variables: ['A=two', 'B=one', 'Cone=x y'] }],
    ['ENV A $A b', { variables: ['A=one b'] }],
    ["LABEL k=$A l='$A'", { labels: ['k=one', 'l=$A'] }],
    ['WORKDIR $D/$A', { path: '/dir/one' }],
    ['USER $A:${NONE:-1}', { user: 'one:1' }],
    ['STOPSIGNAL ${A#o}', { signal: 'ne' }],
    ['VOLUME ["$D", "/b c"]', { volumes: ['/dir', '/b c'] }],
    ['EXPOSE $S 80', { ports: ['x', 'y', '80'] }],
    [
      'COPY --chown=$A --chmod=${M:-0755} $D/a $A/',
      { chown: 'one', chmod: '0755', sources: ['/dir/a'], destination: 'one/' },
    ],
    ['COPY --from=$A --exclude=$A a b', { from: '$A', exclude: ['$A'] }],
    ['ADD --checksum=sha256:$A a b', { checksum: 'sha256:one' }],
    // In a heredoc, quotes are text, and the escape character is always a backslash.
    ['COPY <<X <<"Y" /\n"$A" \\$A\nX\n$A\nY', { inlineFiles: ['"one" $A\n', '$A\n'] }],
    ['RUN echo $A', { args: ['echo $A'] }],
    ['CMD ["$A"]', { args: ['$A'] }],
    ['ENTRYPOINT $A', { args: ['$A'] }],
    ['SHELL ["$A"]', { shell: ['$A'] }],
    ['MAINTAINER $A', { maintainer: '$A' }],
    ['ONBUILD RUN $A', { trigger: 'RUN $A' }],
    ['HEALTHCHECK CMD $A', { test: ['CMD-SHELL', '$A'] }],
    ['ARG X=$A', { definitions: ['X=$A'] }],
  ];
  const flat = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value;
    return value.map((item: string | { key?: string; value?: string; content?: string }) =>
      typeof item === 'string' ? item : (item.content ?? `${item.key}=${item.value}`),
    );
  };

  it(`has them replaced where docker does (${cases.length})`, () => {
    for (const [text, fields] of cases) {
      const result = expandText(text);
      for (const [name, value] of Object.entries(fields))
        assert.deepEqual(flat(result[name]), value, `${text}: ${name}`);
    }
  });

  it('keeps the instruction it came from as it was', () => {
    const instruction = read('ENV A=$A');
    expandInstruction(instruction, variables, { escape });
    assert.deepEqual(instruction, read('ENV A=$A'));
  });

  it('fails with the line of the instruction', () => {
    assert.throws(() => expandText('\n\nUSER ${NONE?gone}'), {
      message: /NONE: gone$/,
      details: { line: 4, endLine: 4 },
    });
  });

  it('uses the escape character of the Dockerfile, but not in heredocs', () => {
    const copy = expandInstruction(read('COPY `$A <<X /\n`$A \\$A\nX'), variables, { escape: '`' });
    assert.ok(copy.kind === 'COPY');
    assert.deepEqual([copy.sources, copy.inlineFiles[0]?.content], [['$A'], '`one $A\n']);
  });

  it('has mounts with their variables replaced', () => {
    const run = read('RUN --mount=target=$D/$A --mount=type=tmpfs,target=${NONE:-/t} a') as RunInstruction;
    const mounts = expandMounts(run, variables, { escape });
    assert.deepEqual(
      mounts.map(({ type, target }) => [type, target]),
      [
        ['bind', '/dir/one'],
        ['tmpfs', '/t'],
      ],
    );
  });
});

describe('ARG', () => {
  const metaArgs = (text: string): readonly ArgInstruction[] =>
    parseInstructions(parseDockerfile(utf8(`${text}\nFROM a`))).metaArgs;

  it('before FROM: defaults, overrides and predefined values', () => {
    const options = {
      escape,
      overrides: new Map([
        ['B', 'mine'],
        ['UNKNOWN', 'x'],
      ]),
    };
    const predefined = new Map([['TARGETARCH', 'arm64']]);
    const text = 'ARG A=1\nARG B=2 C=$A-$B-$TARGETARCH\nARG D\nARG A=$A.2\nARG TARGETARCH';
    assert.deepEqual(
      [...expandMetaArgs(metaArgs(text), predefined, options)],
      [
        ['TARGETARCH', 'arm64'],
        ['A', '1.2'],
        ['B', 'mine'],
        ['C', '1-mine-arm64'],
      ],
    );
    assert.equal(predefined.size, 1);
  });

  it('before FROM: an override is taken as it is, a default may fail', () => {
    const options = { escape, overrides: new Map([['A', '${x?}']]) };
    assert.equal(expandMetaArgs(metaArgs('ARG A=${y?}'), new Map(), options).get('A'), '${x?}');
    assert.throws(() => expandMetaArgs(metaArgs('\nARG B=${y?}'), new Map(), options), {
      details: { line: 2, endLine: 2 },
    });
  });

  it('in a stage: override, default, then the value from before FROM', () => {
    const arg = read('ARG A B=own C D=$B$A E=$C') as ArgInstruction;
    const globals = new Map([
      ['A', 'global'],
      ['B', 'global'],
    ]);
    const options = { escape, overrides: new Map([['C', 'over']]) };
    assert.deepEqual(expandStageArgs(arg, new Map([['B', 'env']]), globals, options), [
      { key: 'A', value: 'global', byDefault: undefined },
      { key: 'B', value: 'own', byDefault: 'own' },
      { key: 'C', value: 'over', byDefault: undefined },
      { key: 'D', value: 'ownglobal', byDefault: 'ownglobal' },
      { key: 'E', value: 'over', byDefault: 'over' },
    ]);
    const bare = expandStageArgs(read('ARG Z') as ArgInstruction, new Map(), globals, options);
    assert.deepEqual(bare, [{ key: 'Z', value: undefined, byDefault: undefined }]);
  });
});

describe('an environment list', () => {
  it('gets a variable in place or at its end', () => {
    const list = ['A=1', 'B', 'AB=2', 'A=3'];
    assert.deepEqual(withVariable(list, 'A', 'x'), ['A=x', 'B', 'AB=2', 'A=3']);
    assert.deepEqual(withVariable(list, 'B', ''), ['A=1', 'B=', 'AB=2', 'A=3']);
    assert.deepEqual(withVariable(list, 'C', 'a=b'), ['A=1', 'B', 'AB=2', 'A=3', 'C=a=b']);
    assert.deepEqual(list, ['A=1', 'B', 'AB=2', 'A=3']);
  });

  it('becomes a map in which the last of a name counts', () => {
    assert.deepEqual(
      [...variablesOf(['A=1', 'B', 'A=x=y', '=z'])],
      [
        ['A', 'x=y'],
        ['B', ''],
        ['', 'z'],
      ],
    );
  });
});
