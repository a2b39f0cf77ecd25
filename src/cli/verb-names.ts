import type { Command } from 'commander';

const names = new WeakMap<Command, string>();

/** Notes which verb a command is, by the first of its names in the table of verbs. */
export const noteVerb = (command: Command, name: string): void => void names.set(command, name);

/** Returns the verb that a command is, by whichever of its names it was called; empty for the program and for nouns. */
export const verbOf = (command: Command): string => names.get(command) ?? '';
