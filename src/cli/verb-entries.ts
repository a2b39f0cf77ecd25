import type { Command } from 'commander';

/** A verb as help describes it. */
export interface VerbEntry {
  /** `['images']`, or `['image', 'ls']` below a management command. Help shows the first. */
  readonly names: readonly (readonly string[])[];
  readonly summary: string;
  /** Summaries of the verb below a noun, where docker's differ. */
  readonly nounSummaries?: { readonly [noun: string]: string };
  /** Docker's lines for the arguments in the usage, if they are not the names of the arguments. */
  readonly arguments?: readonly string[];
}

const entries = new WeakMap<Command, VerbEntry>();

/** Records the entry of a command in the table of verbs. */
export const noteEntry = (command: Command, entry: VerbEntry): void => void entries.set(command, entry);

/** Returns the entry of a command; undefined for the program and for nouns. */
export const entryOf = (command: Command): VerbEntry | undefined => entries.get(command);

/** Returns the first name of a command's verb, also if called by another name; empty for the program and for nouns. */
export const verbOf = (command: Command): string => entryOf(command)?.names[0]?.join(' ') ?? '';
