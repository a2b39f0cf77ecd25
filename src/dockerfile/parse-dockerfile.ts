import { StrataError } from '../errors/index.ts';
import { splitCommandLine } from './command-line.ts';
import { DirectiveReader } from './directive-reader.ts';
import { syntaxError } from './dockerfile-error.ts';
import { type HeredocStart, heredocsOfLine } from './heredoc.ts';
import { readArguments } from './instruction-arguments.ts';
import { maxInstructions } from './limits.ts';
import { excerpt } from './quote.ts';
import type { EscapeCharacter, Heredoc, LineRange, ParseWarning, SyntaxNode, SyntaxTree } from './syntax-tree.ts';
import { type TextLine, TextLines } from './text-lines.ts';
import { skipSpace, trimNewline, trimSpace, trimSpaceStart } from './whitespace.ts';

const takesHeredocs: ReadonlySet<string> = new Set(['add', 'copy', 'run']);

/** One instruction with its continuation lines joined. */
interface LogicalLine {
  readonly text: string;
  readonly at: LineRange;
  readonly comments: readonly string[];
}

const isComment = (line: string): boolean => line[skipSpace(line, 0)] === '#';
const isBlankLine = (line: string): boolean => skipSpace(line, 0) === line.length;

/** Returns the line without the escape character that continues it; undefined for a line that does not continue. */
function stripContinuation(line: string, escape: EscapeCharacter): string | undefined {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  // Two escape characters are an escaped one. So are three: docker looks only one character back.
  if (line[end - 1] !== escape || line[end - 2] === escape) return undefined;
  return line.slice(0, end - 1);
}

class DockerfileParser {
  readonly #lines: TextLines;
  readonly #directives = new DirectiveReader();
  readonly #warnings: ParseWarning[] = [];
  #comments: string[] = [];

  constructor(lines: TextLines) {
    this.#lines = lines;
  }

  parse(): SyntaxTree {
    const nodes: SyntaxNode[] = [];
    for (let line = this.#logicalLine(); line !== undefined; line = this.#logicalLine()) {
      if (nodes.length >= maxInstructions)
        throw syntaxError(
          `more than ${maxInstructions} instructions`,
          line.at,
          'Join instructions, or split the Dockerfile into several.',
        );
      nodes.push(this.#readHeredocs(this.#node(line, 0)));
    }
    const [first] = nodes;
    if (first === undefined) {
      const number = Math.max(this.#lines.number, 1);
      throw syntaxError('file with no instructions', { start: number, end: number }, 'Start with a FROM instruction.');
    }
    return {
      nodes,
      directives: this.#directives.found,
      escape: this.#directives.escape,
      warnings: this.#warnings,
      location: { start: first.location.start, end: nodes.at(-1)?.location.end ?? first.location.end },
    };
  }

  #logicalLine(): LogicalLine | undefined {
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      const text = trimSpaceStart(trimNewline(line.text));
      const isDirective = this.#directives.accept(text, line.number);
      if (text.startsWith('#')) {
        if (!isDirective) this.#comment(trimSpace(text.slice(1)));
      } else if (text !== '') {
        return this.#join(text, line);
      }
    }
    return undefined;
  }

  /** Collects comment lines; an empty one separates those above it from the instruction below. */
  #comment(text: string): void {
    if (text === '') this.#comments = [];
    else this.#comments.push(text);
  }

  #join(firstText: string, first: TextLine): LogicalLine {
    const { escape } = this.#directives;
    const parts: string[] = [];
    let empty = false;
    let damaged = first.damaged;
    let open = stripContinuation(firstText, escape);
    parts.push(open ?? firstText);
    while (open !== undefined) {
      const line = this.#lines.next();
      if (line === undefined) break;
      const text = trimNewline(line.text);
      if (isComment(text)) continue;
      if (isBlankLine(text)) {
        empty = true;
        continue;
      }
      damaged ||= line.damaged;
      open = stripContinuation(text, escape);
      parts.push(open ?? text);
    }
    const text = parts.join('');
    const at = { start: first.number, end: this.#lines.number };
    const comments = this.#comments;
    this.#comments = [];
    if (empty) this.#warn('NoEmptyContinuation', `Empty continuation line found in: ${excerpt(text)}`, at);
    if (damaged) this.#warn('InvalidEncoding', `Bytes that are not UTF-8 were replaced in: ${excerpt(text)}`, at);
    return { text, at, comments };
  }

  #node(line: LogicalLine, depth: number): SyntaxNode {
    const { escape } = this.#directives;
    const { name, flags, rest } = splitCommandLine(line.text, escape);
    const common = { name, flags, heredocs: [], original: line.text, location: line.at, comments: line.comments };
    if (name.toLowerCase() !== 'onbuild') {
      const { args, json, insteadOfJson } = readArguments(name, rest, escape, line.at);
      if (insteadOfJson) {
        this.#warn('InvalidJSONForm', `Not valid JSON, so taken as ${insteadOfJson}: ${excerpt(line.text)}`, line.at);
      }
      return { ...common, args, json };
    }
    if (rest === '') return { ...common, args: [], json: false };
    if (depth > 1)
      throw syntaxError(
        "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
        line.at,
        'Write ONBUILD once, before one other instruction.',
      );
    const trigger = this.#node({ ...line, text: rest, comments: [] }, depth + 1);
    return { ...common, args: [trigger.name, ...trigger.args], json: false, trigger };
  }

  #warn(rule: ParseWarning['rule'], message: string, location: LineRange): void {
    this.#warnings.push({ rule, message, location });
  }

  #readHeredocs(node: SyntaxNode): SyntaxNode {
    const owner = node.trigger ?? node;
    if (owner.json || !takesHeredocs.has(owner.name.toLowerCase()) || !node.original.includes('<<')) return node;
    const starts = heredocsOfLine(node.original, node.location);
    if (starts.length === 0) return node;
    const heredocs = starts.map((start) => this.#content(start, node.location));
    return { ...node, heredocs, location: { start: node.location.start, end: this.#lines.number } };
  }

  #content(start: HeredocStart, at: LineRange): Heredoc {
    const parts: string[] = [];
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      const text = trimNewline(line.text);
      if ((start.chomp ? text.replace(/^\t+/, '') : text) === start.name) return { ...start, content: parts.join('') };
      if (line.damaged) {
        // Silently changing a file's content would be worse than failing.
        throw new StrataError({
          code: 'ERR_DOCKERFILE_ENCODING',
          message: `dockerfile parse error on line ${line.number}: heredoc ${start.name} holds bytes that are not UTF-8`,
          hint: 'Put binary content into a file of the build context and COPY it.',
          details: { line: line.number },
        });
      }
      parts.push(line.text);
    }
    throw syntaxError(
      'unterminated heredoc',
      { start: at.start, end: this.#lines.number },
      `End it with a line that holds only ${excerpt(start.name)}.`,
    );
  }
}

/**
 * Parses a Dockerfile: UTF-8 bytes, at most 4 MiB, lines of at most 65535 bytes, any line ends. `parseInstructions`
 * checks the names and arguments of instructions.
 *
 * @throws ERR_DOCKERFILE_SYNTAX, ERR_DOCKERFILE_TOO_LARGE, ERR_DOCKERFILE_ENCODING, ERR_DOCKERFILE_EXPANSION (a
 * heredoc's terminator), each with `details.line`
 */
export function parseDockerfile(bytes: Uint8Array): SyntaxTree {
  return new DockerfileParser(TextLines.fromBytes(bytes)).parse();
}

/** {@link parseDockerfile} for text that counts as line `number` of a Dockerfile: an ONBUILD trigger. */
export function parseDockerfileText(text: string, number: number): SyntaxTree {
  return new DockerfileParser(TextLines.fromText(text, number)).parse();
}
