import { StrataError } from '../../errors/index.ts';
import type { Branch, Command, List, Node, Operand, Pipe } from './nodes.ts';
import { formatNode } from './nodes.ts';
import { type NumberConstant, parseCharacter, parseNumber } from './number.ts';
import { quote, unquote } from './quote.ts';
import { lex, type Token, type TokenKind } from './token.ts';

/** A parsed template: the main text under its own name, and the definitions of `define` and `block`. */
export interface Template {
  readonly name: string;
  readonly text: string;
  readonly definitions: ReadonlyMap<string, List>;
}

export interface ParseTemplateOptions {
  /** Name in messages; docker's is empty. */
  readonly name?: string;
  /** Names of the functions that may be called. */
  readonly functions: ReadonlySet<string>;
}

const maxTextLength = 1 << 20;
// The parser is recursive: without a limit, a template could overflow the stack.
const maxNesting = 100;

/** The end of a list: `end` or `else`. */
interface Ending {
  readonly kind: 'ending';
  readonly word: 'end' | 'else';
  readonly at: number;
}

const operandStart: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'char',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'raw',
  'string',
  'variable',
  'open',
]);

const literals: ReadonlySet<Operand['kind']> = new Set<Operand['kind']>(['bool', 'string', 'number', 'nil', 'dot']);

function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'EOF';
    case 'error':
      return token.text;
    case 'keyword':
    case 'nil':
    case 'dot':
      return `<${token.text}>`;
    default: {
      const characters = Array.from(token.text);
      return characters.length > 10 ? `${quote(characters.slice(0, 10).join(''))}...` : quote(token.text);
    }
  }
}

const isEmpty = (list: List): boolean => list.nodes.every((node) => node.kind === 'text' && node.text.trim() === '');

class TemplateParser {
  readonly #name: string;
  readonly #functions: ReadonlySet<string>;
  readonly #tokens: readonly Token[];
  readonly #definitions = new Map<string, List>();
  #position = 0;
  /** Line of the furthest token read, for messages. */
  #line = 1;
  #actionLine = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #nesting = 0;

  constructor(text: string, options: ParseTemplateOptions) {
    this.#name = options.name ?? '';
    this.#functions = options.functions;
    this.#tokens = lex(text);
  }

  run(): ReadonlyMap<string, List> {
    const nodes: Node[] = [];
    while (this.#peek().kind !== 'end') {
      const start = this.#position;
      if (this.#next().kind === 'left' && this.#isKeyword(this.#nextSolid(), 'define')) {
        this.#define();
        continue;
      }
      this.#position = start;
      const node = this.#textOrAction();
      if (node.kind === 'ending') throw this.#fail(`unexpected {{${node.word}}}`);
      nodes.push(node);
    }
    this.#add(this.#name, { kind: 'list', at: 0, nodes });
    return this.#definitions;
  }

  #fail(problem: string): StrataError {
    return new StrataError({
      code: 'ERR_TEMPLATE_SYNTAX',
      message: `template: ${this.#name}:${this.#line}: ${problem}`,
      hint: 'Correct the template; its syntax is that of text/template in Go.',
    });
  }

  #token(at: number): Token {
    const token = this.#tokens[Math.min(at, this.#tokens.length - 1)] as Token;
    this.#line = Math.max(this.#line, token.line);
    return token;
  }

  #peek(): Token {
    return this.#token(this.#position);
  }

  #next(): Token {
    return this.#token(this.#position++);
  }

  #nextSolid(): Token {
    let token = this.#next();
    while (token.kind === 'space') token = this.#next();
    return token;
  }

  #peekSolid(): Token {
    const token = this.#nextSolid();
    this.#position--;
    return token;
  }

  #isKeyword(token: Token, ...words: readonly string[]): boolean {
    return token.kind === 'keyword' && words.includes(token.text);
  }

  #unexpected(token: Token, context: string): StrataError {
    if (token.kind !== 'error') return this.#fail(`unexpected ${describe(token)} in ${context}`);
    const started = this.#actionLine !== 0 && this.#actionLine !== token.line;
    const action = token.text.endsWith(' action') ? '' : ' in action';
    return this.#fail(token.text + (started ? `${action} started at ${this.#name}:${this.#actionLine}` : ''));
  }

  #expect(context: string, ...kinds: readonly TokenKind[]): Token {
    const token = this.#nextSolid();
    if (!kinds.includes(token.kind)) throw this.#unexpected(token, context);
    return token;
  }

  #nest<Result>(run: () => Result): Result {
    if (++this.#nesting > maxNesting) throw this.#fail(`nested deeper than ${maxNesting} levels`);
    const result = run();
    this.#nesting--;
    return result;
  }

  #add(name: string, list: List): void {
    const existing = this.#definitions.get(name);
    if (existing === undefined || isEmpty(existing)) this.#definitions.set(name, list);
    else if (!isEmpty(list)) throw this.#fail(`template: multiple definition of template ${quote(name)}`);
  }

  #string(token: Token): string {
    if (token.kind === 'raw') return token.text.slice(1, -1).replaceAll('\r', '');
    const value = unquote(token.text.slice(1, -1), '"');
    if (value === undefined) throw this.#fail('invalid syntax');
    return value;
  }

  /** Parses the body of `define` and `block`, in which outer variables are not visible. */
  #body(context: string): List {
    const outer = { variables: this.#variables, rangeDepth: this.#rangeDepth, actionLine: this.#actionLine };
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const { list, ending } = this.#nest(() => this.#list());
    if (ending.word !== 'end') throw this.#fail(`unexpected {{${ending.word}}} in ${context}`);
    this.#variables = outer.variables;
    this.#rangeDepth = outer.rangeDepth;
    this.#actionLine = outer.actionLine;
    return list;
  }

  #define(): void {
    const context = 'define clause';
    const name = this.#string(this.#expect(context, 'string', 'raw'));
    this.#expect(context, 'right');
    this.#add(name, this.#body(context));
  }

  #list(): { readonly list: List; readonly ending: Ending } {
    const at = this.#peekSolid().at;
    const nodes: Node[] = [];
    while (this.#peekSolid().kind !== 'end') {
      const node = this.#textOrAction();
      if (node.kind === 'ending') return { list: { kind: 'list', at, nodes }, ending: node };
      nodes.push(node);
    }
    throw this.#fail('unexpected EOF');
  }

  #textOrAction(): Node | Ending {
    const token = this.#nextSolid();
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text };
    if (token.kind !== 'left') throw this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Node | Ending {
    const token = this.#nextSolid();
    const { at } = token;
    switch (token.kind === 'keyword' ? token.text : '') {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#jump(token.text === 'break' ? 'break' : 'continue', at);
      case 'else':
        if (!this.#isKeyword(this.#peekSolid(), 'if', 'with')) this.#expect('else', 'right');
        return { kind: 'ending', word: 'else', at };
      case 'end':
        this.#expect('end', 'right');
        return { kind: 'ending', word: 'end', at };
      case 'if':
        return this.#branch('if', at);
      case 'range':
        return this.#branch('range', at);
      case 'with':
        return this.#branch('with', at);
      case 'template':
        return this.#template();
    }
    this.#position--;
    return { kind: 'action', at, pipe: this.#pipe('command', 'right') };
  }

  #jump(kind: 'break' | 'continue', at: number): Node {
    const token = this.#nextSolid();
    if (token.kind !== 'right') throw this.#unexpected(token, `{{${kind}}}`);
    if (this.#rangeDepth === 0) throw this.#fail(`{{${kind}}} outside {{range}}`);
    return { kind, at };
  }

  #template(): Node {
    const context = 'template clause';
    const token = this.#expect(context, 'string', 'raw');
    const { at } = token;
    const name = this.#string(token);
    if (this.#nextSolid().kind === 'right') return { kind: 'template', at, name, pipe: undefined };
    this.#position--;
    return { kind: 'template', at, name, pipe: this.#pipe(context, 'right') };
  }

  #block(): Node {
    const context = 'block clause';
    const token = this.#expect(context, 'string', 'raw');
    const name = this.#string(token);
    const pipe = this.#pipe(context, 'right');
    this.#add(name, this.#body(context));
    return { kind: 'template', at: token.at, name, pipe };
  }

  #branch(kind: Branch['kind'], at: number): Branch {
    return this.#nest(() => {
      const visible = this.#variables.length;
      const pipe = this.#pipe(kind, 'right');
      if (kind === 'range') this.#rangeDepth++;
      const { list, ending } = this.#list();
      if (kind === 'range') this.#rangeDepth--;
      const otherwise = ending.word === 'else' ? this.#otherwise(kind, ending.at) : undefined;
      this.#variables.length = visible;
      return { kind, at, pipe, list, otherwise };
    });
  }

  /** Parses the part after `else`: a list up to `end`, or an `if` (`with` after `with`) whose `end` ends both. */
  #otherwise(kind: Branch['kind'], at: number): List {
    const again = this.#peekSolid();
    if (kind !== 'range' && this.#isKeyword(again, kind)) {
      this.#nextSolid();
      return { kind: 'list', at, nodes: [this.#branch(kind, again.at)] };
    }
    const { list, ending } = this.#list();
    if (ending.word !== 'end') throw this.#fail(`expected end; found {{${ending.word}}}`);
    return list;
  }

  #pipe(context: string, end: 'right' | 'close'): Pipe {
    const { at } = this.#peekSolid();
    const declares: string[] = [];
    const assigns = this.#declarations(context, declares);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#nextSolid();
      if (token.kind === end) break;
      if (!operandStart.has(token.kind)) throw this.#unexpected(token, context);
      this.#position--;
      commands.push(this.#command());
    }
    if (commands.length === 0) throw this.#fail(`missing value for ${context}`);
    for (const [stage, command] of commands.entries()) {
      if (stage > 0 && literals.has(command.args[0].kind)) {
        throw this.#fail(`non executable command in pipeline stage ${stage + 1}`);
      }
    }
    return { kind: 'pipe', at, declares, assigns, commands };
  }

  /** Parses `$x :=`, `$x =`, and in `range` also `$index, $element :=`. Returns true for an assignment. */
  #declarations(context: string, declares: string[]): boolean {
    for (;;) {
      const variable = this.#peekSolid();
      if (variable.kind !== 'variable') return false;
      const back = this.#position;
      this.#nextSolid();
      const operator = this.#nextSolid();
      const isComma = operator.kind === 'other' && operator.text === ',';
      if (operator.kind !== 'assign' && operator.kind !== 'declare' && !isComma) {
        this.#position = back;
        return false;
      }
      declares.push(variable.text);
      this.#variables.push(variable.text);
      if (!isComma) return operator.kind === 'assign';
      if (context !== 'range' || declares.length > 1) throw this.#fail(`too many declarations in ${context}`);
      const next = this.#peekSolid().kind;
      if (next !== 'variable' && next !== 'right' && next !== 'close') {
        throw this.#fail('range can only initialize variables');
      }
    }
  }

  #command(): Command {
    const { at } = this.#peekSolid();
    const args: Operand[] = [];
    for (;;) {
      this.#peekSolid();
      const operand = this.#operand();
      if (operand !== undefined) args.push(operand);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'right' || token.kind === 'close') this.#position--;
      else if (token.kind !== 'pipe') throw this.#unexpected(token, 'operand');
      break;
    }
    const [first, ...rest] = args;
    if (first === undefined) throw this.#fail('empty command');
    return { kind: 'command', at, args: [first, ...rest] };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#peek().kind !== 'field') return term;
    const { at } = this.#peek();
    const path: string[] = [];
    while (this.#peek().kind === 'field') path.push(this.#next().text.slice(1));
    if (term.kind === 'field' || term.kind === 'variable') return { ...term, at, path: [...term.path, ...path] };
    if (literals.has(term.kind)) throw this.#fail(`unexpected . after term ${quote(formatNode(term))}`);
    return { kind: 'chain', at, operand: term, path };
  }

  #term(): Operand | undefined {
    const token = this.#nextSolid();
    const { at, text } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.#functions.has(text)) throw this.#fail(`function ${quote(text)} not defined`);
        return { kind: 'identifier', at, name: text };
      case 'dot':
        return { kind: 'dot', at };
      case 'nil':
        return { kind: 'nil', at };
      case 'variable':
        if (!this.#variables.includes(text)) throw this.#fail(`undefined variable ${quote(text)}`);
        return { kind: 'variable', at, path: [text] };
      case 'field':
        return { kind: 'field', at, path: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', at, value: text === 'true' };
      case 'char':
        return this.#number(token, parseCharacter(text));
      case 'number':
        return this.#number(token, parseNumber(text));
      case 'complex':
        throw this.#fail(`illegal number syntax: ${quote(text)}`);
      case 'open':
        return this.#nest(() => this.#pipe('parenthesized pipeline', 'close'));
      case 'string':
      case 'raw':
        return { kind: 'string', at, quoted: text, value: this.#string(token) };
      default:
        this.#position--;
        return undefined;
    }
  }

  #number({ at, text }: Token, parsed: NumberConstant | string): Operand {
    if (typeof parsed === 'string') throw this.#fail(parsed);
    return { kind: 'number', at, text, ...parsed };
  }
}

/**
 * Parses Go's text/template language: actions, pipelines, variables, control structures, `define`, `template`, `block`,
 * comments and trim markers. Messages are Go's. Throws ERR_TEMPLATE_SYNTAX (invalid-argument).
 */
export function parseTemplate(text: string, options: ParseTemplateOptions): Template {
  const name = options.name ?? '';
  if (text.length > maxTextLength) {
    throw new StrataError({
      code: 'ERR_TEMPLATE_LIMIT',
      message: `template: ${name}: longer than ${maxTextLength} characters`,
      hint: 'Use a shorter template, or print json and filter its output.',
    });
  }
  return { name, text, definitions: new TemplateParser(text, options).run() };
}
