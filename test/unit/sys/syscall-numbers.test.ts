import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { syscallNumbers } from '../../../src/sys/syscall-numbers.ts';

const kernelName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

for (const [architecture, header] of [
  ['x64', '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'],
  ['arm64', '/usr/include/asm-generic/unistd.h'],
] as const) {
  test(`numbers of ${architecture} are the kernel's`, { skip: !existsSync(header) && 'no kernel headers' }, () => {
    const text = readFileSync(header, 'latin1');
    const defined = new Map(
      [...text.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(([, name, number]) => [name, Number(number)]),
    );
    let compared = 0;
    for (const [name, number] of Object.entries(syscallNumbers(architecture))) {
      const theirs = defined.get(kernelName(name));
      // Headers older than a call do not have it; then nothing else may have its number.
      if (theirs === undefined) assert.ok(![...defined.values()].includes(number), name);
      else {
        assert.equal(number, theirs, name);
        compared++;
      }
    }
    assert.ok(compared >= 12, `only ${compared} compared`);
  });
}

test('another architecture is refused', () => {
  assert.throws(
    () => syscallNumbers('mips'),
    (error) => isStrataError(error, 'ERR_ARCHITECTURE_UNSUPPORTED'),
  );
});
