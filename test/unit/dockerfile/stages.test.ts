import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseInstructions } from '../../../src/dockerfile/instructions/parse-instructions.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { hintOfNoStage } from '../../../src/dockerfile/stage-hints.ts';
import { resolveStages, type StageGraph, type StageSource } from '../../../src/dockerfile/stages.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { utf8 } from '../../../src/lib/bytes.ts';

const args = new Map([
  ['BASE', 'one'],
  ['IMG', 'img:1'],
  ['EMPTY', ''],
]);

function graph(text: string): StageGraph {
  const tree = parseDockerfile(utf8(text));
  return resolveStages(parseInstructions(tree).stages, { escape: tree.escape, args });
}

const formatSource = (source: StageSource): string => {
  if (source.kind === 'stage') return `#${source.index}`;
  return source.kind === 'scratch' ? 'scratch' : source.reference;
};

/** `index name base [sources]` of every stage. */
const summary = (text: string): string[] =>
  graph(text).stages.map(
    ({ index, name, base, dependencies }) =>
      `${index} ${name} ${formatSource(base)} [${dependencies.map(({ source }) => formatSource(source)).join(' ')}]`,
  );
const reachable = (text: string, target?: string): number[] => {
  const stages = graph(text);
  return stages.reachable(stages.target(target)).map(({ index }) => index);
};

describe('stages of a Dockerfile', () => {
  const cases: readonly (readonly [text: string, stages: readonly string[]])[] = [
    ['FROM scratch', ['0 stage-0 scratch []']],
    ['FROM a:1@sha256:0', ['0 stage-0 a:1@sha256:0 []']],
    ['FROM a AS b\nFROM b', ['0 b a []', '1 stage-1 #0 []']],
    ['FROM a AS B\nFROM b', ['0 b a []', '1 stage-1 #0 []']],
    // Only names of stages ignore case; a base is looked up as written.
    ['FROM a AS b\nFROM B', ['0 b a []', '1 stage-1 B []']],
    ['FROM b\nFROM a AS b', ['0 stage-0 b []', '1 b a []']],
    ['FROM a AS a', ['0 a a []']],
    ['FROM a AS b\nFROM b AS b\nFROM b', ['0 b a []', '1 b #0 []', '2 stage-2 #1 []']],
    ['FROM 0\nFROM 1', ['0 stage-0 0 []', '1 stage-1 1 []']],
    ['FROM a AS scratch\nFROM scratch', ['0 scratch a []', '1 stage-1 #0 []']],
    ['FROM $IMG\nFROM ${NONE:-d}', ['0 stage-0 img:1 []', '1 stage-1 d []']],
    ['FROM a AS one\nFROM $BASE', ['0 one a []', '1 stage-1 #0 []']],
    ['FROM a AS b\nFROM c\nCOPY --from=b x y', ['0 b a []', '1 stage-1 c [#0]']],
    ['FROM a AS b\nFROM c\nCOPY --from=B x y', ['0 b a []', '1 stage-1 c [#0]']],
    ['FROM a\nFROM c\nCOPY --from=0 x y', ['0 stage-0 a []', '1 stage-1 c [#0]']],
    ['FROM a\nFROM c\nCOPY --from=+00 x y', ['0 stage-0 a []', '1 stage-1 c [#0]']],
    ['FROM a\nCOPY --from=img:2 x y', ['0 stage-0 a [img:2]']],
    ['FROM a\nCOPY --from=scratch x y', ['0 stage-0 a [scratch]']],
    ['FROM a\nADD x y\nCOPY x y\nRUN x', ['0 stage-0 a []']],
    [
      'FROM a AS b\nFROM c\nRUN --mount=from=b,target=/x --mount=type=cache,target=/y --mount=from=img z',
      ['0 b a []', '1 stage-1 c [#0 img]'],
    ],
    // A mount names a stage only by name, not by number.
    ['FROM a\nFROM c\nRUN --mount=from=0 z', ['0 stage-0 a []', '1 stage-1 c [0]']],
    ['FROM a\nCOPY --from=b x y\nFROM c AS b', ['0 stage-0 a [#1]', '1 b c []']],
  ];

  it(`know what they stand on and copy from (${cases.length})`, () => {
    for (const [text, stages] of cases) assert.deepEqual(summary(text), stages, text);
  });

  it('say where a source is named', () => {
    const { stages } = graph('FROM a AS b\nFROM c\nENV x=y\nRUN --mount=target=/a --mount=from=b z\nCOPY --from=b x y');
    assert.deepEqual(
      stages[1]?.dependencies.map(({ source: _source, ...rest }) => rest),
      [
        { instruction: 1, mount: 1, from: 'b', location: { start: 4, end: 4 } },
        { instruction: 2, mount: undefined, from: 'b', location: { start: 5, end: 5 } },
      ],
    );
  });

  it('keep their platform, with variables replaced', () => {
    const { stages } = graph('FROM --platform=linux/$BASE a\nFROM b');
    assert.deepEqual(
      stages.map(({ platform }) => platform),
      ['linux/one', undefined],
    );
  });

  it('are found as targets by name or number', () => {
    const { target } = graph('FROM a AS One\nFROM b AS two\nFROM c');
    assert.deepEqual(
      [target(), target(''), target('ONE'), target('two'), target('0'), target('2')].map(({ index }) => index),
      [2, 2, 0, 1, 0, 2],
    );
  });

  it('are built only when needed', () => {
    const text = 'FROM a AS a\nFROM b AS b\nFROM a AS c\nRUN --mount=from=b x\nFROM d AS d\nCOPY --from=c x y\nFROM e';
    assert.deepEqual(reachable(text), [4]);
    assert.deepEqual(reachable(text, 'd'), [0, 1, 2, 3]);
    assert.deepEqual(reachable(text, 'c'), [0, 1, 2]);
    assert.deepEqual(reachable(text, 'a'), [0]);
  });

  it('may be many', () => {
    const count = 5000;
    const chain = Array.from({ length: count }, (_, index) => `FROM s${index - 1} AS s${index}\nCOPY --from=0 a b`);
    chain[0] = 'FROM scratch AS s0';
    assert.equal(reachable(chain.join('\n')).length, count);
  });
});

describe('stages are refused', () => {
  const cases: readonly (readonly [text: string, line: number, message: string])[] = [
    ['FROM $EMPTY', 1, 'base name ($EMPTY) should not be blank'],
    ['FROM --platform=$NONE a', 1, 'empty platform value from expression $NONE'],
    ['FROM a\nCOPY --from=1 x y', 2, 'invalid stage index 1'],
    ['FROM a\nCOPY --from=-1 x y', 2, 'invalid stage index -1'],
    [
      'FROM a\nCOPY --from=$BASE x y',
      2,
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    ],
    ['FROM a AS b\n\nCOPY --from=b x y', 1, 'circular dependency detected on stage: b'],
    ['FROM a AS b\nCOPY --from=c x y\nFROM d AS c\nCOPY --from=b x y', 1, 'circular dependency detected on stage: b'],
    [
      'FROM a\nRUN --mount=from=b x\nFROM c AS b',
      2,
      'cannot mount from stage "b", stage needs to be defined before current command',
    ],
    [
      'FROM a AS z\nCOPY --from=b x y\nFROM c AS b',
      2,
      'cannot copy from stage "b", it needs to be defined before current stage "z"',
    ],
  ];

  it(`with the line and docker's words (${cases.length})`, () => {
    for (const [text, line, message] of cases) {
      assert.throws(
        () => {
          const { stages, reachable: find } = graph(text);
          for (const stage of stages) find(stage);
        },
        (error) => {
          assert.ok(isStrataError(error, 'ERR_DOCKERFILE_STAGE'), text);
          assert.equal(error.message, message);
          assert.equal(error.details?.['line'], line, text);
          return true;
        },
        text,
      );
    }
  });

  it('with a way to a value for what FROM names', () => {
    const hint =
      "No value for A: put 'ARG A=…' before the first FROM, or an ARG there and give the build an argument A.";
    assert.throws(() => graph('FROM ${A}'), { hint });
    assert.throws(() => graph('FROM --platform=$A x'), { hint });
    assert.throws(() => graph('ARG A\nFROM $A$B'), {
      hint: "No value for A, B: put 'ARG A=…' before the first FROM, or an ARG there and give the build an argument A.",
    });
  });

  it('with the stages that there are', () => {
    const hintOf = (text: string): string | undefined => {
      try {
        graph(text).reachable(graph(text).target());
      } catch (error) {
        if (isStrataError(error)) return error.hint;
      }
      return undefined;
    };
    const many = Array.from({ length: 20 }, (_, index) => `FROM a AS s${index}\n`).join('');
    assert.equal(
      hintOf('FROM a AS b\nFROM a\nFROM c\nCOPY --from=5 / /x'),
      'Use the number or name of a stage: 0 (b), 1.',
    );
    assert.equal(hintOf('FROM a\nCOPY --from=5 / /x'), 'Name an image: there is no stage above this one.');
    assert.match(hintOf(`${many}COPY --from=99 / /x`) ?? '', / 0 \(s0\), .* 11 \(s11\) and 7 more\.$/);
    assert.match(hintOf('FROM a AS z\nCOPY --from=b x y\nFROM c AS b\nFROM z') ?? '', /above/);
    assert.match(hintOf('FROM a AS b\nCOPY --from=b x y') ?? '', /not from itself/);
  });

  it('for an image that is not there and may be meant as a stage', () => {
    const { stages } = graph('FROM a AS Builder\nFROM a AS test\nFROM a');
    const hints = ['bulider', 'Builder', 'alpine', 'builder:1', 'me/builder', 'x'.repeat(500)].map((name) =>
      hintOfNoStage(name, stages),
    );
    const near = 'No stage above has that name either: did you mean builder?';
    const none = 'No stage above has that name either.';
    assert.deepEqual(hints, [near, near, none, undefined, undefined, none]);
    assert.equal(hintOfNoStage('bulider', stages.slice(2)), undefined);
  });

  it('for a target that is not there', () => {
    const { target } = graph('FROM a AS builder\nFROM b');
    assert.throws(() => target('bulder'), {
      message: 'target stage "bulder" could not be found (did you mean builder?)',
      hint: 'Use the number or name of a stage: 0 (builder), 1.',
    });
    assert.throws(() => target('stage-2'), { message: 'target stage "stage-2" could not be found' });
    assert.throws(() => target('2'), { message: 'target stage "2" could not be found' });
    assert.throws(() => target('-1'), { message: 'target stage "-1" could not be found' });
    assert.throws(() => target('stage-1'), { message: 'target stage "stage-1" could not be found' });
  });
});
