import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { dumpTree } from '../../../src/dockerfile/dump.ts';
import { heredocStartOrNone, heredocsOfLine, readHeredocStart } from '../../../src/dockerfile/heredoc.ts';
import { readJsonForm } from '../../../src/dockerfile/json-form.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { splitWords } from '../../../src/dockerfile/split-words.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { fixture, needs } from '../../helpers/needs.ts';

const line1 = { start: 1, end: 1 };
const read = (path: string): Buffer => readFileSync(fixture(`parser/${path}`));
const table = <T>(name: string): T => (JSON.parse(read('tables.json').toString()) as Record<string, T>)[name] as T;

describe('reference: Dockerfile parser', { skip: needs('fixtures') }, () => {
  it('gives the golden tree of 33 Dockerfiles', () => {
    const names = readdirSync(fixture('parser/testfiles'));
    for (const name of names) {
      const tree = parseDockerfile(read(`testfiles/${name}/Dockerfile`));
      assert.equal(dumpTree(tree), read(`testfiles/${name}/result`).toString(), name);
    }
    assert.equal(names.length, 33);
  });

  it('refuses 4 broken Dockerfiles', () => {
    const names = readdirSync(fixture('parser/testfiles-negative'));
    for (const name of names) {
      const parse = (): unknown => parseDockerfile(read(`testfiles-negative/${name}/Dockerfile`));
      assert.throws(parse, (error) => isStrataError(error, 'ERR_DOCKERFILE_SYNTAX'), name);
    }
    assert.equal(names.length, 4);
  });

  it('knows the lines of every node', () => {
    const tree = parseDockerfile(read('testfile-line/Dockerfile'));
    assert.deepEqual(tree.location, { start: 5, end: 31 });
    assert.deepEqual(
      tree.nodes.map(({ location }) => [location.start, location.end]),
      table('TestParseIncludesLineNumbers.expected'),
    );
  });

  it('reads 8 JSON arrays and refuses 8 that hold more than strings', () => {
    const valid = Object.entries(table<Record<string, string[]>>('<pkg>.validJSONArraysOfStrings'));
    for (const [text, words] of valid) assert.deepEqual(readJsonForm(text), { words }, text);
    const invalid = table<string[]>('<pkg>.invalidJSONArraysOfStrings');
    for (const text of invalid) assert.equal(readJsonForm(text), 'other', text);
    assert.deepEqual([valid.length, invalid.length], [8, 8]);
  });

  it('splits 8 lines into words', () => {
    const cases = table<{ input: [string]; expect: string[] }[]>('TestParseWords.tests');
    for (const { input, expect } of cases) assert.deepEqual(splitWords(input[0], '\\'), expect, input[0]);
    assert.equal(cases.length, 8);
  });

  it('distinguishes 9 heredoc words from 7 others and 4 broken ones', () => {
    const valid = table<string[]>('TestParseHeredocHelpers.validHeredocs');
    for (const word of valid) assert.equal(readHeredocStart(word)?.name, 'EOF', word);
    const others = table<string[]>('TestParseHeredocHelpers.notHeredocs');
    for (const word of others) assert.equal(readHeredocStart(word), undefined, word);
    const broken = table<string[]>('TestParseHeredocHelpers.invalidHeredocs');
    for (const word of broken) {
      assert.throws(
        () => readHeredocStart(word),
        (error) => isStrataError(error, 'ERR_DOCKERFILE_EXPANSION'),
        word,
      );
      assert.equal(heredocStartOrNone(word), undefined, word);
    }
    assert.deepEqual([valid.length, others.length, broken.length], [9, 7, 4]);
  });

  it('finds the heredocs of 10 lines', () => {
    const cases = table<{ line: string; heredocNames: string[] | null }[]>('TestHeredocsFromLine.srcs');
    // BuildKit's own test checks only the heredocs found, and BuildKit finds none in this line.
    const deviations = new Map<string, string[]>([['RUN <<- EOF', []]]);
    for (const { line, heredocNames } of cases) {
      const names = heredocsOfLine(line, line1).map(({ name }) => name);
      assert.deepEqual(names, deviations.get(line) ?? heredocNames ?? [], line);
    }
    assert.equal(cases.length, 10);
  });

  it('extracts 24 heredocs', () => {
    // The table has only results; these are the instructions for them, in its order.
    const lines = [
      'ENV NAME=me',
      'RUN ls',
      'USER <<NONE',
      'NONE',
      'RUN <<EMPTY\nEMPTY',
      'RUN 3<<EMPTY2\nEMPTY2',
      'RUN "<<QUOTED"',
      'RUN <<INDENT\n\tfoo\n\tbar\nINDENT',
      'RUN <<-UNINDENT\n\tbaz\n\tquux\nUNINDENT',
      'RUN <<-UNINDENT2\n\tbaz\n\tquux\n\t\tUNINDENT2',
      'RUN cat <<-EXPAND\n\texpand $NAME\nEXPAND',
      `RUN <<-"NOEXPAND"\n\tdon't expand $NAME\nNOEXPAND`,
      'RUN <<COPY\necho hello world\necho foo bar\nCOPY',
      'RUN <<COMMENT\n# internal comment\necho hello world\necho foo bar # trailing comment\nCOMMENT',
      'RUN --mount=type=cache,target=/c <<MOUNT\necho hello\nMOUNT',
      'ADD <<FILE1 <<FILE2 /dest\ncontent 1\nFILE1\ncontent 2\nFILE2',
      `COPY <<EOF /quotes\n"foo"\n'bar'\nEOF`,
      'COPY <<X <<Y /dest\nY\nX\nX\nY',
      `RUN <<COMPLEX python3 -\nprint('hello world')\nCOMPLEX`,
      'COPY <<file.txt /\nhello world\nfile.txt',
      'RUN <<e"of"\necho foo\neof',
      `RUN <<eo\\'f\necho foo\neo'f`,
      `RUN <<'eo'\\'f\necho foo\neo'f`,
      'RUN <<"one two"\necho bar\none two',
      'RUN <<$EOF\n$EOF',
      'RUN << \t EOF\nEOF',
      'RUN <<  EOF >out\nEOF',
    ];
    type Expected = { Name: string; Content: string; Expand: boolean; Chomp?: boolean; FileDescriptor?: number };
    const expected = table<(Expected[] | null)[]>('TestParseExtractsHeredoc.tests').map((heredocs) =>
      (heredocs ?? []).map(({ Name, Content, Expand, Chomp, FileDescriptor }) => ({
        name: Name,
        descriptor: FileDescriptor ?? 0,
        expand: Expand,
        chomp: Chomp ?? false,
        content: Content,
      })),
    );
    const found = parseDockerfile(utf8(lines.join('\n\n'))).nodes.map(({ heredocs }) => heredocs);
    assert.deepEqual(found, expected);
    assert.equal(expected.flat().length, 24);
  });
});
