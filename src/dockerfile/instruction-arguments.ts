import { syntaxError } from './dockerfile-error.ts';
import { readJsonForm, resemblesJsonForm } from './json-form.ts';
import { excerpt, quote } from './quote.ts';
import { splitWords } from './split-words.ts';
import type { EscapeCharacter, LineRange } from './syntax-tree.ts';
import { cutAtBlanks, findSpace, skipSpace, splitBlanks } from './whitespace.ts';

/** Text behind an instruction's flags, split by that instruction's rules. */
export interface InstructionArguments {
  readonly args: readonly string[];
  readonly json: boolean;
  /** Set for arguments that look like JSON but are not valid: how they are read instead. */
  readonly insteadOfJson?: 'a shell command' | 'words' | undefined;
}

type ReadArguments = (rest: string, escape: EscapeCharacter, at: LineRange) => InstructionArguments;

const plain = (args: readonly string[]): InstructionArguments => ({ args, json: false });
const whole: ReadArguments = (rest) => plain(rest === '' ? [] : [rest]);
const blanks: ReadArguments = (rest) => plain(rest === '' ? [] : splitBlanks(rest));
const words: ReadArguments = (rest, escape) => plain(splitWords(rest, escape));

function jsonOr(otherwise: ReadArguments, taken: 'a shell command' | 'words'): ReadArguments {
  return (rest, escape, at) => {
    const form = readJsonForm(rest);
    if (form === 'other') {
      throw syntaxError(
        'when using JSON array syntax, arrays must be comprised of strings only',
        at,
        'Put every element into double quotes.',
      );
    }
    if (form !== undefined) return { args: form.words, json: true };
    return { ...otherwise(rest, escape, at), ...(resemblesJsonForm(rest) ? { insteadOfJson: taken } : {}) };
  };
}

/** Reads `name value with blanks` (the old form) or `name=value …`; the first word decides. */
function pairs(instruction: string): ReadArguments {
  return (rest, escape, at) => {
    const found = splitWords(rest, escape);
    const [first] = found;
    if (first === undefined) return plain([]);
    if (!first.includes('=')) {
      const [name, value] = cutAtBlanks(rest);
      if (value === undefined) throw syntaxError(`${instruction} must have two arguments`, at, 'Write NAME=VALUE.');
      return plain([name, value, '']);
    }
    const args: string[] = [];
    for (const word of found) {
      const equals = word.indexOf('=');
      if (equals < 0) {
        throw syntaxError(
          `Syntax error - can't find = in ${quote(excerpt(word))}. Must be of the form: name=value`,
          at,
          'Quote values that contain spaces.',
        );
      }
      args.push(word.slice(0, equals), word.slice(equals + 1), '=');
    }
    return plain(args);
  };
}

const command: ReadArguments = jsonOr(whole, 'a shell command');
const paths: ReadArguments = jsonOr(blanks, 'words');

/** Reads HEALTHCHECK: a type, then a command. */
const typed: ReadArguments = (rest, escape, at) => {
  const end = findSpace(rest, 0);
  if (end === 0) return plain([]);
  const tail = command(rest.slice(skipSpace(rest, end)), escape, at);
  return { ...tail, args: [rest.slice(0, end), ...tail.args] };
};

const readers: ReadonlyMap<string, ReadArguments> = new Map([
  ['add', paths],
  ['arg', words],
  ['cmd', command],
  ['copy', paths],
  ['entrypoint', command],
  ['env', pairs('ENV')],
  ['expose', blanks],
  ['from', blanks],
  ['healthcheck', typed],
  ['label', pairs('LABEL')],
  ['maintainer', whole],
  ['run', command],
  ['shell', command],
  ['stopsignal', whole],
  ['user', whole],
  ['volume', paths],
  ['workdir', whole],
]);

/** Splits `rest` for the instruction `name` (any case); arguments of an unknown instruction are not read. */
export function readArguments(
  name: string,
  rest: string,
  escape: EscapeCharacter,
  at: LineRange,
): InstructionArguments {
  return readers.get(name.toLowerCase())?.(rest, escape, at) ?? plain(['']);
}
