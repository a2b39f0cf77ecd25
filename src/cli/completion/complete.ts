import type { Command, Option } from 'commander';
import type { StorePlace } from '../../engine/store-names.ts';
import { flagBeforeValue, passesThrough } from '../flags/flags.ts';
import { optionText } from '../help-style.ts';
import { verbOf } from '../verb-entries.ts';
import type { Candidate, LiveValues } from './live-values.ts';
import { type ValueSource, valueSource } from './value-sources.ts';

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Paths that the shell offers as well. */
  readonly paths?: 'files' | 'folders';
}

/**
 * Returns the completions of the last of `words`, which may be empty, on a line of `program`, whose called verb is
 * defined. `live` looks values up; it gets the store's root and the configuration file if the line names them.
 */
export async function complete(program: Command, words: readonly string[], live: LiveValues): Promise<Completion> {
  const line = new LineReader(program);
  for (const word of words.slice(0, -1)) line.take(word);
  const last = words.at(-1) ?? '';
  const completion = await line.completion(last, live);
  const candidates = completion.candidates.filter(({ value }) => value.startsWith(last));
  // Paths inside a container are not completed.
  const isInside = completion.candidates.length > 0 && /^[^./][^:]*:/.test(last);
  return completion.paths === undefined || isInside ? { candidates } : { candidates, paths: completion.paths };
}

/** Reads a line word by word, as the parser does. */
class LineReader {
  readonly #program: Command;
  #command: Command;
  #place: StorePlace = {};
  /** The flag whose value is the next word. */
  #flag: Option | undefined;
  #arguments: string[] = [];
  /** No flag may follow. */
  #isClosed = false;

  constructor(program: Command) {
    this.#program = program;
    this.#command = program;
  }

  take(word: string): void {
    if (this.#flag !== undefined) {
      this.#setValue(this.#flag, word);
      this.#flag = undefined;
    } else if (!this.#mayBeFlag(word) || word === '-') this.#takeArgument(word);
    else if (word === '--') this.#isClosed = true;
    else if (word.includes('=')) {
      const option = this.#optionOf(word);
      if (option) this.#setValue(option, word.slice(word.indexOf('=') + 1));
    } else this.#flag = flagBeforeValue(this.#command, word);
  }

  async completion(last: string, live: LiveValues): Promise<Completion> {
    if (this.#flag !== undefined) return await this.#values(this.#flag.long ?? '', '', live);
    if (this.#mayBeFlag(last)) {
      if (!last.includes('=')) return { candidates: this.#flags() };
      const prefix = last.slice(0, last.indexOf('=') + 1);
      return await this.#values(this.#optionOf(last)?.long ?? '', prefix, live);
    }
    if (this.#command.commands.length > 0) {
      return { candidates: this.#arguments.length === 0 ? verbsOf(this.#command) : [] };
    }
    const { registeredArguments } = this.#command;
    const rest = registeredArguments.at(-1)?.variadic === true ? registeredArguments.at(-1) : undefined;
    const argument = registeredArguments[this.#arguments.length] ?? rest;
    return await this.#values(argument?.name() ?? '', '', live);
  }

  #mayBeFlag(word: string): boolean {
    return word.startsWith('-') && !this.#isClosed;
  }

  #optionOf(word: string): Option | undefined {
    const [name] = word.split('=', 1);
    return this.#command.options.find(({ long, short }) => long === name || short === name);
  }

  #setValue({ long }: Option, value: string): void {
    if (this.#command !== this.#program) return;
    if (long === '--root') this.#place = { ...this.#place, root: value };
    if (long === '--config') this.#place = { ...this.#place, configurationFile: value };
  }

  #takeArgument(word: string): void {
    const verb = this.#command.commands.find((command) => command.name() === word);
    if (verb !== undefined) this.#command = verb;
    else {
      this.#arguments.push(word);
      this.#isClosed ||= passesThrough(this.#command);
    }
  }

  /** Returns the flags that the help shows. */
  #flags(): Candidate[] {
    const options = this.#command.createHelp().visibleOptions(this.#command);
    return options.flatMap((option) =>
      [option.long, option.short].flatMap((value) => (value ? [{ value, description: optionText(option) }] : [])),
    );
  }

  async #values(name: string, prefix: string, live: LiveValues): Promise<Completion> {
    const source = this.#sourceOf(name);
    if (source === 'file') return { candidates: [], paths: 'files' };
    if (source === 'folder') return { candidates: [], paths: 'folders' };
    if (source === 'text') return { candidates: [] };
    if (source === 'verb') return { candidates: this.#verbsOfHelp() };
    const found = typeof source === 'string' ? await live(source, this.#place) : source.map((value) => ({ value }));
    const candidates = found
      .filter(({ value }) => !this.#arguments.includes(value))
      .map((candidate) => ({ ...candidate, value: `${prefix}${candidate.value}` }));
    return source === 'container path' || source === 'container or image path'
      ? { candidates, paths: 'files' }
      : { candidates };
  }

  #sourceOf(name: string): ValueSource {
    if (name === '') return 'text';
    const choices = this.#command.options.find(({ long }) => long === name)?.argChoices;
    return choices ?? valueSource(verbOf(this.#command), name) ?? 'text';
  }

  /** Returns the verbs that may follow `help`. */
  #verbsOfHelp(): Candidate[] {
    let topic = this.#program;
    for (const word of this.#arguments) {
      const next = topic.commands.find((command) => command.name() === word);
      if (next === undefined) return [];
      topic = next;
    }
    return verbsOf(topic);
  }
}

const verbsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((verb) => ({ value: verb.name(), description: verb.description() }));
