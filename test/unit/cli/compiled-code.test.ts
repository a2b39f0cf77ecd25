import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CompiledProgram, compiledCodeFolder, isPrivate, verbOf } from '../../../src/cli/compiled-code.ts';

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

test('a folder is used only if nobody else can write to it', (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-compiled-'));
  context.after(() => rmSync(scratch, { recursive: true }));
  const uid = process.getuid?.() ?? 0;

  const missing = join(scratch, 'caches/strata');
  assert.equal(isPrivate(missing, uid), true);
  assert.equal(statSync(missing).mode & 0o777, 0o700);
  assert.equal(isPrivate(missing, uid), true, 'once more');
  assert.equal(isPrivate(missing, uid + 1), false, "somebody else's");

  for (const mode of [0o777, 0o1777, 0o770, 0o702]) {
    chmodSync(missing, mode);
    assert.equal(isPrivate(missing, uid), false, mode.toString(8));
  }

  const real = join(scratch, 'real');
  mkdirSync(real, 0o700);
  symlinkSync(real, join(scratch, 'link'));
  assert.equal(isPrivate(join(scratch, 'link'), uid), false, 'a symlink');

  writeFileSync(join(scratch, 'file'), '');
  assert.equal(isPrivate(join(scratch, 'file'), uid), false, 'a file');
  assert.equal(isPrivate(join(scratch, 'file/strata'), uid), false, 'under a file');

  symlinkSync(join(scratch, 'nowhere'), join(scratch, 'dangling'));
  assert.equal(isPrivate(join(scratch, 'dangling/strata'), uid), false, 'below a symlink that leads nowhere');
});

function programFolder(context: TestContext): { readonly folder: string; readonly store: string } {
  const folder = mkdtempSync(join(tmpdir(), 'strata-compiled-'));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'main.cjs'),
    "const { double } = require('./other.cjs'); exports.answer = () => double(21); exports.late = () => require('./late.cjs');",
  );
  writeFileSync(join(folder, 'other.cjs'), 'exports.double = (n) => 2 * n;');
  writeFileSync(join(folder, 'late.cjs'), "module.exports = require('node:path').basename(__filename);");
  return { folder, store: join(folder, 'kept') };
}

interface Main {
  answer(): number;
  late(): string;
}

test('a program runs as it is written, and the next time with the code it was compiled to', (context) => {
  const { folder, store } = programFolder(context);
  const first = new CompiledProgram(folder, store);
  assert.equal((first.load('main.cjs') as Main).answer(), 42);
  assert.equal(first.isIncomplete, true);
  first.save();
  const second = new CompiledProgram(folder, store);
  assert.equal((second.load('main.cjs') as Main).answer(), 42);
  assert.equal(second.isIncomplete, false);

  // A file that only some runs need is kept with the others, and stays when a run does without it.
  assert.equal((second.load('main.cjs') as Main).late(), 'late.cjs');
  assert.equal(second.isIncomplete, true);
  second.save();
  const third = new CompiledProgram(folder, store);
  third.load('main.cjs');
  third.save();
  const fourth = new CompiledProgram(folder, store);
  assert.equal((fourth.load('main.cjs') as Main).late(), 'late.cjs');
  assert.equal(fourth.isIncomplete, false);
});

test('code that was kept of another version of a file is not run', (context) => {
  const { folder, store } = programFolder(context);
  const before = new CompiledProgram(folder, store);
  assert.equal((before.load('main.cjs') as Main).answer(), 42);
  before.save();
  // Of the same length, which is all that V8 looks at.
  writeFileSync(join(folder, 'other.cjs'), 'exports.double = (n) => 3 * n;');
  const after = new CompiledProgram(folder, store);
  assert.equal((after.load('main.cjs') as Main).answer(), 63);
  assert.equal(after.isIncomplete, true);
});

test('compiled code that is cut off, or none, is done without', (context) => {
  const { folder, store } = programFolder(context);
  const whole = new CompiledProgram(folder, store);
  whole.load('main.cjs');
  whole.save();
  const { size } = statSync(store);
  for (const length of [size - 200, 100, 1, 0]) {
    truncateSync(store, length);
    const program = new CompiledProgram(folder, store);
    assert.equal((program.load('main.cjs') as Main).answer(), 42, `${length} bytes`);
    assert.equal(program.isIncomplete, true, `${length} bytes`);
  }
  writeFileSync(store, `${readFileSync(join(folder, 'main.cjs'), 'utf8')}\n`);
  assert.equal((new CompiledProgram(folder, store).load('main.cjs') as Main).answer(), 42, 'not ours');
  assert.equal((new CompiledProgram(folder, undefined).load('main.cjs') as Main).answer(), 42, 'nowhere');

  const nowhere = new CompiledProgram(folder, join(folder, 'missing/kept'));
  nowhere.load('main.cjs');
  nowhere.save();
  assert.deepEqual(readdirSync(folder).sort(), ['kept', 'late.cjs', 'main.cjs', 'other.cjs']);
});

test('the verb of a command line', () => {
  assert.equal(verbOf(['run', '-d', 'ps']), 'run');
  assert.equal(verbOf(['--root', 'images', '-D', '--storage-driver', 'vfs', 'container', 'ls']), 'container');
  assert.equal(verbOf(['--root=images', 'ps']), 'ps');
  assert.equal(verbOf(['--version']), 'none');
  assert.equal(verbOf([]), 'none');
  assert.equal(verbOf(['../../etc/passwd']), 'other');
});
