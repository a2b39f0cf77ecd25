import { after } from 'node:test';

/** Takes what is to be undone, as a test does. */
export interface Hooks {
  after(undo: () => Promise<void> | void): void;
}

/** For what all tests of a file share: undone behind the last of them, in reverse order. To be called at the file's top. */
export function testFile(): Hooks {
  const undone: (() => Promise<void> | void)[] = [];
  after(async () => {
    for (const undo of undone.reverse()) await undo();
  });
  return { after: (undo) => void undone.push(undo) };
}
