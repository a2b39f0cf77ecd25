import { syntaxError } from './dockerfile-error.ts';
import type { Directive, EscapeCharacter } from './syntax-tree.ts';
import { trimSpaceStart } from './whitespace.ts';

const names: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);
const isDirectiveName = (name: string): name is Directive['name'] => names.has(name);
const assignment = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=(.*)$/s;
const isBlank = (character: string | undefined): boolean => character !== undefined && '\t\n\f\r '.includes(character);

function trimValue(text: string): string {
  let start = 0;
  let end = text.length;
  while (isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  // BuildKit's pattern needs at least one character and takes a blank when nothing else follows, so `# escape= ` is an
  // escape directive with a wrong value, not a comment.
  return start === text.length ? text.slice(-1) : text.slice(start, end);
}

/**
 * Finds the parser directives: comments of the form `# name=value` before everything else. The first line of another
 * kind ends them. After a `#!` line `syntax` and `check` are still read, `escape` is not: BuildKit looks for the former
 * two in a pass of its own.
 */
export class DirectiveReader {
  readonly found: Directive[] = [];
  #done = false;
  #afterShebang = false;

  /** Character that escapes and continues lines, according to the lines read so far. */
  get escape(): EscapeCharacter {
    return this.found.some((directive) => directive.name === 'escape' && directive.value === '`') ? '`' : '\\';
  }

  /** Takes the next line, without blanks at its start and without newline; returns true for a directive. */
  accept(line: string, number: number): boolean {
    if (this.#done) return false;
    if (number === 1 && line.startsWith('#!')) {
      this.#afterShebang = true;
      return false;
    }
    const match = line.startsWith('#') ? assignment.exec(trimSpaceStart(line.slice(1))) : null;
    const name = match?.[1]?.toLowerCase() ?? '';
    const value = trimValue(match?.[2] ?? '');
    if (!isDirectiveName(name) || value === '') {
      this.#done = true;
      return false;
    }
    if (name === 'escape' && this.#afterShebang) return false;
    this.#add({ name, value, line: number });
    return true;
  }

  #add(directive: Directive): void {
    const at = { start: directive.line, end: directive.line };
    if (this.found.some((known) => known.name === directive.name)) {
      throw syntaxError(`only one ${directive.name} parser directive can be used`, at, 'Remove the second one.');
    }
    if (directive.name === 'escape' && directive.value !== '\\' && directive.value !== '`') {
      throw syntaxError(
        `invalid escape token '${directive.value}' does not match \` or \\`,
        at,
        'Write # escape=\\ or # escape=`.',
      );
    }
    this.found.push(directive);
  }
}
