import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { withVariable } from '../../../src/dockerfile/environment.ts';
import { readDevice } from '../../../src/dockerfile/instructions/device.ts';
import { readFlags } from '../../../src/dockerfile/instructions/flags.ts';
import { parseInstruction, parseInstructions } from '../../../src/dockerfile/instructions/parse-instructions.ts';
import type { CopyInstruction, RunInstruction } from '../../../src/dockerfile/instructions/types.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { parsePorts } from '../../../src/dockerfile/ports.ts';
import type { SyntaxNode } from '../../../src/dockerfile/syntax-tree.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { fixture, needs } from '../../helpers/needs.ts';

const json = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(fixture(`instructions/${name}`), 'utf8')) as Record<string, unknown>;
const table = <T>(name: string): T => json('tables.json')[name] as T;
const conversion = <T>(name: string): T => json('dockerfile2llb.json')[name] as T;

const nodeOf = (text: string): SyntaxNode => parseDockerfile(utf8(text)).nodes[0] as SyntaxNode;
const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isStrataError(error)) return error.message;
    throw error;
  }
  return 'no error';
};
const refusal = (text: string): string => messageOf(() => parseInstruction(nodeOf(text)));
const makeNode = (name: string, ...args: string[]): SyntaxNode => ({ ...nodeOf('RUN x'), name, args });

describe('reference: Dockerfile instructions', { skip: needs('fixtures') }, () => {
  it('counts the arguments of 16 instructions', () => {
    const counts: Record<string, [suffix: string, message: string]> = {
      TestCommandsExactlyOneArgument: ['', 'requires exactly one argument'],
      TestCommandsAtLeastOneArgument: ['', 'requires at least one argument'],
      TestCommandsNoDestinationArgument: [
        ' arg1',
        'requires at least two arguments, but only one was provided. Destination could not be determined',
      ],
    };
    let count = 0;
    for (const [name, [suffix, message]] of Object.entries(counts)) {
      for (const command of table<string[]>(`${name}.commands`)) {
        assert.equal(refusal(command + suffix), `dockerfile parse error on line 1: ${command} ${message}`);
        count++;
      }
    }
    for (const command of table<string[]>('TestCommandsTooManyArguments.commands')) {
      const message = messageOf(() => parseInstruction(makeNode(command, 'arg1', 'arg2', 'arg3', '')));
      assert.equal(message, `dockerfile parse error on line 1: Bad input to ${command}, too many arguments`);
      count++;
    }
    for (const command of table<string[]>('TestCommandsBlankNames.commands')) {
      const message = messageOf(() => parseInstruction(makeNode(command, '', 'arg2', '=')));
      assert.equal(message, `dockerfile parse error on line 1: ${command} names can not be blank`);
      count++;
    }
    assert.equal(count, 16);
  });

  it('words 6 refusals as docker does', () => {
    const cases = table<{ dockerfile: string; expectedError: string }[]>('TestErrorCases.cases');
    for (const { dockerfile, expectedError } of cases)
      assert.ok(refusal(dockerfile).includes(expectedError), dockerfile);
    assert.equal(cases.length, 6);
  });

  it('reads the flags of 2 lists', () => {
    const known = { bool1: 'boolean', str1: 'string' } as const;
    const first = readFlags({ ...nodeOf('RUN x'), flags: table('TestBuilderFlags.bf.Args') }, known);
    assert.deepEqual([first.boolean('bool1'), first.string('str1')], [true, 'BYE']);
    const more = {
      bool1: 'boolean',
      bool2: 'boolean',
      bool3: 'boolean',
      bool4: 'boolean',
      bool5: 'boolean',
      str1: 'string',
      str2: 'string',
      str3: 'string',
      str4: 'string',
    } as const;
    const second = readFlags({ ...nodeOf('RUN x'), flags: table('TestBuilderFlags.bf.Args#2') }, more);
    assert.deepEqual(second.used, ['bool2', 'bool3', 'bool4', 'bool5', 'str2', 'str3', 'str4']);
    assert.deepEqual(
      [second.boolean('bool2'), second.boolean('bool1'), second.string('str2')],
      [false, undefined, ' '],
    );
  });

  it('reads the heredocs of 8 COPY and 6 RUN instructions', () => {
    type Content = { Path: string; Data: string; Expand: boolean };
    type Copy = {
      dockerfile: string;
      sourcesAndDest: { DestPath: string; SourcePaths?: string[]; SourceContents?: Content[] };
    };
    const copies = table<Copy[]>('TestCopyHeredoc.cases');
    for (const { dockerfile, sourcesAndDest } of copies) {
      const copy = parseInstruction(nodeOf(dockerfile)) as CopyInstruction;
      assert.equal(copy.destination, sourcesAndDest.DestPath, dockerfile);
      assert.deepEqual(copy.sources, sourcesAndDest.SourcePaths ?? [], dockerfile);
      const contents = (sourcesAndDest.SourceContents ?? []).map(({ Path, Data, Expand }) => ({
        name: Path,
        content: Data,
        expand: Expand,
      }));
      assert.deepEqual(copy.inlineFiles, contents, dockerfile);
    }
    type File = { Name: string; Data: string; Chomp?: boolean };
    const runs =
      table<{ dockerfile: string; command: string[]; shell: boolean; files?: File[] }[]>('TestRunHeredoc.cases');
    for (const { dockerfile, command, shell, files } of runs) {
      const run = parseInstruction(nodeOf(dockerfile)) as RunInstruction;
      assert.deepEqual([run.args, run.shellForm], [command, shell], dockerfile);
      const heredocs = (files ?? []).map(({ Name, Data, Chomp }) => ({
        name: Name,
        content: Data,
        chomp: Chomp ?? false,
      }));
      assert.deepEqual(run.heredocs, heredocs, dockerfile);
    }
    assert.deepEqual([copies.length, runs.length], [8, 6]);
  });

  it('joins the words of a health check without JSON', () => {
    const check = parseInstruction(makeNode('healthcheck', 'CMD', 'hello', 'world'));
    assert.ok(check.kind === 'HEALTHCHECK');
    assert.deepEqual(check.test, table('TestHealthCheckCmd.expected'));
  });

  it('reads 8 devices', () => {
    type Case = {
      input: string;
      expected: { Name: string; Required: boolean } | null;
      expectedErr: { $go: string } | null;
    };
    const cases = table<Case[]>('TestParseDevice.cases');
    for (const { input, expected, expectedErr } of cases) {
      const read = (): unknown => readDevice(nodeOf('RUN x'), input);
      if (expected === null) assert.ok(expectedErr?.$go.includes(messageOf(read).split(': ')[1] as string), input);
      else assert.deepEqual(read(), { name: expected.Name, required: expected.Required }, input);
    }
    assert.equal(cases.length, 8);
  });

  it('types or refuses 5 shapes of 18 instructions', () => {
    const names =
      'add arg cmd copy entrypoint env expose from healthcheck label maintainer onbuild run shell stopsignal user volume workdir';
    const shapes = table<{ $go: string }[]>('TestNilLinter.range').map(({ $go }) => /" (.*)"$/.exec($go)?.[1]);
    for (const name of names.split(' ')) {
      for (const shape of shapes) {
        // messageOf rethrows any error but a StrataError, which fails the test.
        messageOf(() => parseInstructions(parseDockerfile(utf8(`FROM busybox\n${name} ${shape}`))));
      }
    }
    assert.equal(shapes.length, 5);
  });

  it('lowers 3 stage names', () => {
    const names = table<string[]>('BenchmarkParseBuildStageName.stageNames');
    for (const name of names) {
      const from = parseInstruction(nodeOf(`FROM foo as ${name}`));
      assert.ok(from.kind === 'FROM');
      assert.equal(from.stageName, name.toLowerCase());
    }
    assert.equal(names.length, 3);
  });

  it('reads 5 ports with IPv6 addresses and refuses 3 without port', () => {
    const good = conversion<{ spec: string; expected: string[] }[]>('TestPartPortIPV6.cases');
    for (const { spec, expected } of good) assert.deepEqual(parsePorts([spec]), expected, spec);
    const bad = conversion<{ spec: string; expError: string }[]>('TestParsePortEmptyContainerPort.tests');
    for (const { spec, expError } of bad)
      assert.equal(
        messageOf(() => parsePorts([spec])),
        expError,
      );
    assert.deepEqual([good.length, bad.length], [5, 3]);
  });

  it('sets a variable in 4 environments', () => {
    const list = (name: string): string[] => conversion<string[]>(name);
    assert.deepEqual(withVariable(list('TestAddEnv.env'), 'key3', 'val3'), ['key1=val1', 'key2=val2', 'key3=val3']);
    assert.deepEqual(withVariable(list('TestAddEnv.env#2'), 'key2', 'val'), ['key1=val1', 'key2=val']);
    assert.deepEqual(withVariable(list('TestAddEnv.env#3'), 'key1', 'val'), ['key1=val', 'key1=val2']);
    assert.deepEqual(withVariable(list('TestAddEnv.env#4'), 'key3', 'val3'), ['key1=val1', 'key2=val2', 'key3=val3']);
  });
});
