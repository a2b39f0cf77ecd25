import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CompiledProgram, compiledCodeFolder, makePrivateFolder, verbOf } from '../../../src/cli/compiled-code.ts';

test("root's compiled code is never where HOME says", () => {
  assert.equal(compiledCodeFolder(0, { HOME: '/home/someone', XDG_CACHE_HOME: '/tmp' }), '/var/cache/strata');
});

test("others' compiled code is in their cache folder, if they have one", () => {
  assert.equal(compiledCodeFolder(1000, { HOME: '/home/a', XDG_CACHE_HOME: '/caches/a' }), '/caches/a/strata');
  assert.equal(compiledCodeFolder(1000, { HOME: '/home/a', XDG_CACHE_HOME: 'relative' }), '/home/a/.cache/strata');
  assert.equal(compiledCodeFolder(1000, { HOME: '/home/a' }), '/home/a/.cache/strata');
  assert.equal(compiledCodeFolder(1000, { HOME: '' }), undefined);
  assert.equal(compiledCodeFolder(1000, {}), undefined);
});

test('a folder is used only if no other user can write to it', (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-compiled-'));
  context.after(() => rmSync(scratch, { recursive: true }));
  const uid = process.getuid?.() ?? 0;

  const missing = join(scratch, 'caches/strata');
  assert.equal(makePrivateFolder(missing, uid), true);
  assert.equal(statSync(missing).mode & 0o777, 0o700);
  assert.equal(makePrivateFolder(missing, uid), true, 'once more');
  assert.equal(makePrivateFolder(missing, uid + 1), false, "somebody else's");

  for (const mode of [0o777, 0o1777, 0o770, 0o702]) {
    chmodSync(missing, mode);
    assert.equal(makePrivateFolder(missing, uid), false, mode.toString(8));
  }

  const real = join(scratch, 'real');
  mkdirSync(real, 0o700);
  symlinkSync(real, join(scratch, 'link'));
  assert.equal(makePrivateFolder(join(scratch, 'link'), uid), false, 'a symlink');

  writeFileSync(join(scratch, 'file'), '');
  assert.equal(makePrivateFolder(join(scratch, 'file'), uid), false, 'a file');
  assert.equal(makePrivateFolder(join(scratch, 'file/strata'), uid), false, 'under a file');

  symlinkSync(join(scratch, 'nowhere'), join(scratch, 'dangling'));
  assert.equal(makePrivateFolder(join(scratch, 'dangling/strata'), uid), false, 'below a symlink that leads nowhere');
});

const programText = `
  exports.parts = ['main'];
  exports.answer = () => double(21);
  const double = (n) => 2 * n;
  exports.late = () => {
    exports.parts[7] = 'late';
    return require('node:path').basename(__filename);
  };
  exports.resolve = () => require('./beside.cjs');
`;

interface Program {
  answer(): number;
  late(): string;
  resolve(): unknown;
}

function programFolder(context: TestContext): {
  readonly path: string;
  readonly folder: string;
  readonly store: string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'strata-compiled-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'main.cjs');
  writeFileSync(path, programText);
  return { path, folder, store: join(folder, 'kept') };
}

const exportsOf = ({ exports }: CompiledProgram): Program => exports as unknown as Program;

test('a program runs as it is written, and the next time with the code it was compiled to', (context) => {
  const { path, store } = programFolder(context);
  const first = new CompiledProgram(path, store);
  assert.equal(exportsOf(first).answer(), 42);
  assert.equal(first.isIncomplete, true);
  first.save();
  const second = new CompiledProgram(path, store);
  assert.equal(exportsOf(second).answer(), 42);
  assert.equal(second.isIncomplete, false);

  // A part that only some runs need is saved with the others, and stays after a run without it.
  assert.equal(exportsOf(second).late(), 'main.cjs');
  assert.equal(second.isIncomplete, true);
  second.save();
  new CompiledProgram(path, store).save();
  const fourth = new CompiledProgram(path, store);
  assert.equal(exportsOf(fourth).late(), 'main.cjs');
  assert.equal(fourth.isIncomplete, false);
});

test('a program can ask for files beside it', (context) => {
  const { path, folder, store } = programFolder(context);
  writeFileSync(join(folder, 'beside.cjs'), 'module.exports = 7;');
  assert.equal(exportsOf(new CompiledProgram(path, store)).resolve(), 7);
});

test('code that was kept of another version of a file is not run', (context) => {
  const { path, store } = programFolder(context);
  const before = new CompiledProgram(path, store);
  assert.equal(exportsOf(before).answer(), 42);
  before.save();
  // The text has the same length, which is all that V8 compares.
  writeFileSync(path, programText.replace('2 * n', '3 * n'));
  const after = new CompiledProgram(path, store);
  assert.equal(exportsOf(after).answer(), 63);
  assert.equal(after.isIncomplete, true);
});

test('truncated or missing compiled code is ignored', (context) => {
  const { path, folder, store } = programFolder(context);
  new CompiledProgram(path, store).save();
  const { size } = statSync(store);
  for (const length of [size - 200, size - 1, 100, 1, 0]) {
    truncateSync(store, length);
    const program = new CompiledProgram(path, store);
    assert.equal(exportsOf(program).answer(), 42, `${length} bytes`);
    assert.equal(program.isIncomplete, true, `${length} bytes`);
  }
  writeFileSync(store, `${programText}\n`);
  assert.equal(exportsOf(new CompiledProgram(path, store)).answer(), 42, 'not ours');
  const nowhere = new CompiledProgram(path, undefined);
  assert.equal(exportsOf(nowhere).answer(), 42, 'nowhere');
  nowhere.save();
  new CompiledProgram(path, join(folder, 'missing/kept')).save();
  assert.deepEqual(readdirSync(folder).sort(), ['kept', 'main.cjs']);
});

test('the verb of a command line', () => {
  assert.equal(verbOf(['run', '-d', 'ps']), 'run');
  assert.equal(verbOf(['--root', 'images', '-D', '--storage-driver', 'vfs', 'container', 'ls']), 'container');
  assert.equal(verbOf(['--root=images', 'ps']), 'ps');
  assert.equal(verbOf(['--version']), 'none');
  assert.equal(verbOf([]), 'none');
  assert.equal(verbOf(['../../etc/passwd']), 'other');
});
