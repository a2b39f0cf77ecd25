import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type CommandOptions, resolveCommand } from '../../../src/oci-runtime/command.ts';

type Row = readonly [
  name: string,
  image: { Entrypoint?: string[]; Cmd?: string[] },
  own: CommandOptions,
  run: string[] | string,
];

const missing = 'ERR_COMMAND_MISSING';
const rows: readonly Row[] = [
  ['Cmd alone', { Cmd: ['sh'] }, {}, ['sh']],
  ['Entrypoint alone', { Entrypoint: ['top', '-b'] }, {}, ['top', '-b']],
  ['Entrypoint and Cmd', { Entrypoint: ['git'], Cmd: ['--help'] }, {}, ['git', '--help']],
  ['arguments replace Cmd', { Entrypoint: ['git'], Cmd: ['--help'] }, { args: ['status'] }, ['git', 'status']],
  ['arguments without an entrypoint', { Cmd: ['sh'] }, { args: ['ls', '-l'] }, ['ls', '-l']],
  ['no arguments is the same as none given', { Cmd: ['sh'] }, { args: [] }, ['sh']],
  ['an own entrypoint drops Cmd', { Entrypoint: ['git'], Cmd: ['--help'] }, { entrypoint: ['ls'] }, ['ls']],
  ['an own entrypoint with arguments', { Cmd: ['x'] }, { entrypoint: ['ls'], args: ['-l'] }, ['ls', '-l']],
  ['--entrypoint "" drops both', { Entrypoint: ['git'], Cmd: ['--help'] }, { entrypoint: [''] }, missing],
  ['--entrypoint "" with arguments', { Entrypoint: ['git'], Cmd: ['x'] }, { entrypoint: [''], args: ['ls'] }, ['ls']],
  ['an empty entrypoint keeps Cmd', { Entrypoint: ['git'], Cmd: ['sh'] }, { entrypoint: [] }, ['sh']],
  ['empty lists in the image', { Entrypoint: [], Cmd: [] }, {}, missing],
  ['nothing at all', {}, {}, missing],
  ['nothing but arguments', {}, { args: ['true'] }, ['true']],
  ['empty arguments are arguments', { Entrypoint: ['echo'] }, { args: ['', ''] }, ['echo', '', '']],
  ['a NUL in the image', { Cmd: ['a\0b'] }, {}, 'ERR_COMMAND_INVALID'],
  ['a NUL in an argument', {}, { args: ['a', 'b\0'] }, 'ERR_COMMAND_INVALID'],
  ['an argument of 128 KiB', {}, { args: ['x'.repeat(131_072)] }, 'ERR_COMMAND_INVALID'],
  ['an argument just below', {}, { args: ['x'.repeat(131_071)] }, ['x'.repeat(131_071)]],
  ['128 KiB in UTF-8', {}, { args: ['é'.repeat(65_536)] }, 'ERR_COMMAND_INVALID'],
];

suite('the command of a container', () => {
  for (const [name, image, own, expected] of rows) {
    test(name, () => {
      if (typeof expected === 'string') {
        assert.throws(() => resolveCommand(image, own), { code: expected, kind: 'invalid-argument' });
        return;
      }
      const { entrypoint, args } = resolveCommand(image, own);
      assert.deepEqual([...entrypoint, ...args], expected);
    });
  }
});
