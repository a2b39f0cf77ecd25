import type { Command } from 'commander';

const names = new WeakMap<Command, string>();

/** Records the verb of a command, by the first of its names in the table of verbs. */
export const noteVerb = (command: Command, name: string): void => void names.set(command, name);

/** Returns the first name of a command's verb, also if called by another name; empty for the program and for nouns. */
export const verbOf = (command: Command): string => names.get(command) ?? '';
