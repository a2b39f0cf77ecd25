import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dumpTree } from '../../../src/dockerfile/dump.ts';
import { readIgnoreFile } from '../../../src/dockerfile/ignore-file.ts';
import { parseInstructions, parseTrigger } from '../../../src/dockerfile/instructions/parse-instructions.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { PatternMatcher } from '../../../src/dockerfile/pattern-matcher.ts';
import { expandWord, expandWords } from '../../../src/dockerfile/shell-words.ts';
import { splitWords } from '../../../src/dockerfile/split-words.ts';
import { resolveStages } from '../../../src/dockerfile/stages.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { fc } from '../../helpers/properties.ts';
import { patienceMs } from '../../helpers/until.ts';

const instructions =
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL USER VOLUME';
const pieces = [
  ['\n', '\r\n', '\\\n', '`\n', ' ', '\t', '#', '# escape=`\n', '# syntax=x\n', '<<A', '<<-"B"', '\nA\n', '\n\tB\n'],
  ['["a", "b"]', '[1]', '"', "'", '\\', '`', '=', 'a=b', '--from=a ', '--mount=type=cache ', '--x', ' AS b', '80/tcp'],
  ['$A', '${A', ':-', '}', '#', '%', '/', '*', '?', '[a-z]', '!', '**/', 'a', 'é', '😀', '\0', '\u0085', '\ufeff'],
  instructions.split(' ').map((name) => `\n${name} `),
].flat();
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''));
const hostile = fc.oneof(
  soup.map(utf8),
  fc.uint8Array({ maxLength: 200 }),
  fc.tuple(soup, fc.uint8Array({ maxLength: 4 }), soup).map(([a, b, c]) => Buffer.concat([utf8(a), b, utf8(c)])),
);

/** Returns the result, or undefined when the input was refused as a user's mistake with one of our codes. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isStrataError(error) && error.kind === 'invalid-argument' && /^ERR_(DOCKERFILE|PATTERN)_/.test(error.code)) {
      return undefined;
    }
    throw error;
  }
}

const lineOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return isStrataError(error) ? error.details?.['line'] : undefined;
  }
  return 1;
};

describe('any Dockerfile', () => {
  it('the parser gives a tree or a refusal with a line', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        const tree = attempt(() => parseDockerfile(bytes));
        if (tree === undefined) {
          const line = lineOf(() => parseDockerfile(bytes));
          assert.ok(typeof line === 'number' && line >= 1);
          return;
        }
        const count = Buffer.from(bytes).toString('latin1').split('\n').length;
        let last = 0;
        for (const { location } of tree.nodes) {
          assert.ok(location.start > last && location.end >= location.start && location.end <= count);
          last = location.end;
        }
        assert.equal(typeof dumpTree(tree), 'string');
        const parsed = attempt(() => parseInstructions(tree));
        if (parsed === undefined) assert.ok(typeof lineOf(() => parseInstructions(tree)) === 'number');
        else attempt(() => resolveStages(parsed.stages, { escape: tree.escape, args: new Map() }));
      }),
      { numRuns: 3000 },
    );
  });

  it('a heredoc comes back as it was written', () => {
    const line = fc.string({
      unit: fc.constantFrom('a', ' ', '\t', '$', '\\', '#', '"', '<', 'é', '\r'),
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), (rows, end) => {
        const content = rows.map((row) => `${row}x${end}`).join('');
        const [node] = parseDockerfile(utf8(`COPY <<"END" /a${end}${content}END${end}RUN b`)).nodes;
        assert.equal(node?.heredocs[0]?.content, content);
      }),
      { numRuns: 500 },
    );
  });

  it('an ONBUILD trigger is the same instruction again', () => {
    fc.assert(
      fc.property(soup, (text) => {
        const trigger = text.replace(/^\s+/, '');
        const at = { start: 1, end: 1 };
        const direct = attempt(() => parseTrigger(trigger, at));
        if (direct === undefined || /^\s*#|\n\s*#/.test(trigger)) return;
        const tree = attempt(() => parseDockerfile(utf8(`ONBUILD ${trigger}`)));
        const [node, ...more] = tree?.nodes ?? [];
        if (tree === undefined || node === undefined || more.length > 0) return;
        const [onbuild] =
          attempt(() => parseInstructions({ ...tree, nodes: [...fromScratch, node] }))?.stages[0]?.instructions ?? [];
        if (onbuild?.kind !== 'ONBUILD') return;
        const { source: _, ...again } = parseTrigger(onbuild.trigger, at);
        const { source: __, ...expected } = direct;
        assert.deepEqual(again, expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('words joined by blanks are split into the same words', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '"', "'", '\\', '=', 'é'), maxLength: 20 });
    fc.assert(
      fc.property(text, (line) => {
        const words = splitWords(line, '\\');
        // A word with an open quote reaches to the end of its line, and so does the last escape character.
        const rejoined = splitWords(words.join(' '), '\\');
        assert.equal(rejoined.join(' ').length <= line.length, true);
        for (const word of words.slice(0, -1)) assert.deepEqual(splitWords(word, '\\'), [word]);
      }),
      { numRuns: 1000 },
    );
  });
});

const fromScratch = parseDockerfile(utf8('FROM scratch')).nodes;

describe('any word', () => {
  const variables = new Map([
    ['A', 'xyx'],
    ['B', ''],
    ['C', 'a b*?\\\n'],
  ]);
  const word = fc
    .array(
      fc.constantFrom(
        '$A',
        '${A',
        '${C',
        '${N',
        '}',
        ':-',
        '+',
        ':?',
        '#',
        '%%',
        '/',
        '//',
        '"',
        "'",
        '\\',
        '`',
        ' ',
        '<<',
        '*',
        '?',
        'x',
        'é',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''));

  it('expansion ends with a result or a refusal', () => {
    const options = fc.record({
      escape: fc.constantFrom('\\' as const, '`' as const),
      rawQuotes: fc.boolean(),
      rawEscapes: fc.boolean(),
      literalQuotes: fc.boolean(),
      keepUnset: fc.boolean(),
    });
    fc.assert(
      fc.property(word, options, (text, choice) => {
        const whole = attempt(() => expandWord(text, variables, choice));
        const words = attempt(() => expandWords(text, variables, choice));
        assert.equal(whole === undefined, words === undefined);
        for (const name of whole?.matched ?? []) assert.ok(variables.has(name));
        for (const name of whole?.unmatched ?? []) assert.ok(!variables.has(name));
      }),
      { numRuns: 5000 },
    );
  });

  it('text without special characters and text in single quotes stay as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        const plain = text.replace(/[$'"\\]/g, '');
        assert.equal(expandWord(plain, variables).text, plain);
        const quoted = text.replaceAll("'", '');
        assert.equal(expandWord(`'${quoted}'`, variables).text, quoted);
      }),
    );
  });

  const pattern = fc.string({ unit: fc.constantFrom('x', 'y', '?', '*'), maxLength: 6 });
  const value = fc.string({ unit: fc.constantFrom('x', 'y', 'z', '\n', '😀'), maxLength: 10 });
  const expression = (text: string, star: string): string => text.replaceAll('?', '.').replaceAll('*', star);

  it('patterns match as regular expressions would', () => {
    fc.assert(
      fc.property(pattern, value, (glob, text) => {
        const expand = (source: string): string =>
          expandWord(
            source,
            new Map([
              ['V', text],
              ['P', glob],
            ]),
          ).text;
        const short = new RegExp(`^${expression(glob, '.*?')}`, 'u');
        const long = new RegExp(`^${expression(glob, '.*')}`, 'u');
        const anywhere = new RegExp(expression(glob, '.*'), 'gu');
        assert.equal(expand('${V#$P}'), text.replace(short, ''));
        assert.equal(expand('${V##$P}'), text.replace(long, ''));
        assert.equal(expand('${V/$P/-}'), text.replace(new RegExp(anywhere.source, 'u'), '-'));
        const backwards = (source: string): string => Array.from(source).reverse().join('');
        const shortEnd = new RegExp(`^${expression(backwards(glob), '.*?')}`, 'u');
        assert.equal(expand('${V%$P}'), backwards(backwards(text).replace(shortEnd, '')));
        // JavaScript takes an empty match right behind another one, Go does not.
        if (!anywhere.test(''))
          assert.equal(expand('${V//$P/-}'), text.replaceAll(new RegExp(anywhere.source, 'gu'), '-'));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('any ignore file', () => {
  const element = fc.constantFrom('a', 'b', 'ab', '*', '?', '**', '[ab]', 'a*', '*b', '.a');
  const glob = fc
    .tuple(fc.boolean(), fc.array(element, { minLength: 1, maxLength: 4 }))
    .map(([not, parts]) => (not ? '!' : '') + parts.join('/'));
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', 'aab', '.a'), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join('/'));

  it('a walk finds what a look at the whole path finds', () => {
    fc.assert(
      fc.property(fc.array(glob, { maxLength: 5 }), path, (globs, text) => {
        const matcher = new PatternMatcher(globs);
        const elements = text.split('/');
        let found: ReturnType<PatternMatcher['matchesIn']> | undefined;
        for (const index of elements.keys()) {
          const part = elements.slice(0, index + 1).join('/');
          const mayChange = index === 0 || matcher.mayReincludeBelow(elements.slice(0, index).join('/'));
          const before = found?.matched;
          found = matcher.matchesIn(found?.folder, part);
          // Docker's two ways differ if a folder matches a `!` pattern before any pattern excludes it.
          if (!matcher.hasExceptions) assert.equal(found.matched, matcher.matches(part), part);
          if (before === true && !mayChange) assert.equal(found.matched, true, `${part} was taken back`);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('gives patterns or a refusal, and the patterns match or do not', () => {
    fc.assert(
      fc.property(hostile, soup, (bytes, text) => {
        attempt(() => new PatternMatcher(readIgnoreFile(bytes)).matches(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('large input', () => {
  // These inputs take well below a second each, and minutes if a step is quadratic.
  const megabyte = (piece: string): string => piece.repeat(Math.floor((1 << 20) / piece.length));
  const head = 'FROM a\nRUN x ';
  const files: Readonly<Record<string, string>> = {
    continuations: head + megabyte('a \\\n'),
    'blank lines': megabyte(' \n') + head,
    comments: megabyte('# c\n') + head,
    quotes: head + megabyte(`"a' \\\n`),
    braces: head + megabyte('${a:-\\\n'),
    heredocs: head + megabyte('<<A \\\n'),
    flags: `FROM a\nCOPY ${megabyte('--a \\\n')}`,
    pairs: `FROM a\nENV ${megabyte('a=b \\\n')}`,
    brackets: `FROM a\nCMD ${megabyte('[\\\n')}`,
    triggers: megabyte('ONBUILD \\\n'),
    mounts: `FROM a\nRUN --mount=${megabyte('a=b,\\\n')} x`,
    duration: `FROM a\nHEALTHCHECK --interval=${megabyte('1\\\n')}s CMD x`,
    size: `FROM a\nEXPOSE ${megabyte('1-2:\\\n')}`,
  };
  for (const [name, text] of Object.entries(files)) {
    it(`does not take long: ${name}`, { timeout: patienceMs }, () => {
      attempt(() => parseInstructions(parseDockerfile(utf8(text))));
    });
  }
});
