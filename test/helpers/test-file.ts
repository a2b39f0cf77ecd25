import { after } from 'node:test';

/** Registers functions to run at the end, as a test's context does. */
export interface Hooks {
  after(undo: () => Promise<void> | void): void;
}

/** Returns hooks that run after the last test of a file, in reverse order. Call it at the file's top. */
export function testFile(): Hooks {
  const hooks: (() => Promise<void> | void)[] = [];
  after(async () => {
    for (const undo of hooks.reverse()) await undo();
  });
  return { after: (undo) => void hooks.push(undo) };
}
