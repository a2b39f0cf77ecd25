import { StrataError } from '../../errors/index.ts';
import { utf8 } from '../../lib/bytes.ts';
import { invariant } from '../../lib/invariant.ts';
import { type Parameter, type TemplateFunction, templateFunctions } from './functions.ts';
import {
  type AnyNode,
  type Branch,
  type Command,
  formatNode,
  type List,
  type Node,
  type Operand,
  type Pipe,
} from './nodes.ts';
import type { Template } from './parse.ts';
import { formatValue } from './printf.ts';
import { quote } from './quote.ts';
import {
  elementType,
  isTrue,
  itemsOf,
  kindOf,
  lookUp,
  mapOf,
  Nil,
  Struct,
  sortedKeys,
  toNumber,
  typeName,
  type Value,
} from './values.ts';

export interface EvaluateOptions {
  readonly functions?: ReadonlyMap<string, TemplateFunction> | undefined;
  /** What a missing key of a map does: print `<no value>` (default), or fail as `docker inspect` does. */
  readonly missingKey?: 'default' | 'error' | undefined;
}

/** A template may come from anybody who can call the API: it ends after so much work, whatever it says. */
const limits = { steps: 1_000_000, characters: 16 << 20, depth: 100 } as const;

/** Marks the absence of a value from the stage before; `undefined` is a value. */
const absent = Symbol('absent');
type Final = Value | typeof absent;

type Flow = 'on' | 'break' | 'continue';

interface Variable {
  readonly name: string;
  value: Value;
}

class Evaluator {
  readonly #template: Template;
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  readonly #strict: boolean;
  #definition: string;
  /** What is being evaluated: messages say so. */
  #node: AnyNode | undefined;
  #variables: Variable[] = [];
  #depth = 0;
  #steps: number = limits.steps;
  #characters: number = limits.characters;
  readonly #out: string[] = [];

  constructor(template: Template, options: EvaluateOptions) {
    this.#template = template;
    this.#functions = options.functions ?? templateFunctions;
    this.#strict = options.missingKey === 'error';
    this.#definition = template.name;
  }

  run(data: Value): string {
    const root = this.#template.definitions.get(this.#template.name);
    invariant(root, 'a parsed template holds its own text');
    const dot = data ?? undefined;
    this.#variables = [{ name: '$', value: dot }];
    this.#list(root, dot);
    return this.#out.join('');
  }

  #fail(problem: string): StrataError {
    const { name, text } = this.#template;
    const node = this.#node;
    if (node === undefined) return this.#error(`template: ${name}: ${problem}`);
    const before = text.slice(0, node.at);
    const column = utf8(before.slice(before.lastIndexOf('\n') + 1)).length;
    const place = `${name}:${before.split('\n').length}:${column}`;
    return this.#error(`template: ${place}: executing ${quote(this.#definition)} at <${formatNode(node)}>: ${problem}`);
  }

  #error(message: string): StrataError {
    return new StrataError({ kind: 'invalid-argument', code: 'ERR_TEMPLATE_FAILED', message });
  }

  #tooMuch(what: string): StrataError {
    return new StrataError({
      kind: 'exhausted',
      code: 'ERR_TEMPLATE_LIMIT',
      message: `template: ${this.#template.name}: ${what}`,
    });
  }

  #step(count = 1): void {
    this.#steps -= count;
    if (this.#steps < 0) throw this.#tooMuch(`takes more than ${limits.steps} steps`);
  }

  /** Texts cost what they are long, wherever they are made or looked at. */
  #charge(text: string): string {
    this.#characters -= text.length;
    if (this.#characters < 0) throw this.#tooMuch(`handles more than ${limits.characters} characters`);
    return text;
  }

  #list(list: List, dot: Value): Flow {
    for (const node of list.nodes) {
      const flow = this.#walk(node, dot);
      if (flow !== 'on') return flow;
    }
    return 'on';
  }

  #walk(node: Node, dot: Value): Flow {
    this.#step();
    this.#node = node;
    switch (node.kind) {
      case 'text':
        this.#out.push(this.#charge(node.text));
        return 'on';
      case 'action':
        this.#print(node, this.#pipe(node.pipe, dot));
        return 'on';
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.#call(node, dot);
        return 'on';
      case 'if':
      case 'with':
      case 'range': {
        const standing = this.#variables.length;
        const flow = node.kind === 'range' ? this.#range(node, dot) : this.#choose(node, dot);
        this.#variables.length = standing;
        return flow;
      }
    }
  }

  #print(node: Node & { readonly kind: 'action' }, value: Value): void {
    if (node.pipe.declares.length > 0) return;
    this.#node = node;
    this.#out.push(this.#charge(value === undefined || value === null ? '<no value>' : formatValue(value)));
  }

  #choose(node: Branch, dot: Value): Flow {
    const value = this.#pipe(node.pipe, dot);
    if (isTrue(value)) return this.#list(node.list, node.kind === 'with' ? value : dot);
    return node.otherwise === undefined ? 'on' : this.#list(node.otherwise, dot);
  }

  /** What `range` goes over: pairs of index or key and element. */
  *#entries(value: Value, declared: number): Iterable<readonly [Value, Value]> {
    switch (kindOf(value)) {
      case 'slice':
        yield* itemsOf(value).entries();
        break;
      case 'map': {
        const keys = sortedKeys(mapOf(value));
        this.#step(keys.length);
        for (const key of keys) yield [key, lookUp(mapOf(value), key)];
        break;
      }
      case 'int':
        if (declared > 1) throw this.#fail(`can't use ${formatValue(value)} to iterate over more than one variable`);
        for (let at = 0; at < Number(value); at++) yield [at, at];
        break;
      case 'invalid':
      case 'nil':
        break;
      default:
        throw this.#fail(`range can't iterate over ${this.#charge(formatValue(value))}`);
    }
  }

  #range(node: Branch, dot: Value): Flow {
    const value = this.#pipe(node.pipe, dot);
    const declared = node.pipe.declares.length;
    const mark = this.#variables.length;
    let isEmpty = true;
    for (const [index, element] of this.#entries(value, declared)) {
      this.#step();
      isEmpty = false;
      if (declared > 0) this.#setFromTop(1, element);
      if (declared > 1) this.#setFromTop(2, index);
      const flow = this.#list(node.list, element);
      this.#variables.length = mark;
      if (flow === 'break') break;
    }
    return isEmpty && node.otherwise !== undefined ? this.#list(node.otherwise, dot) : 'on';
  }

  #setFromTop(place: number, value: Value): void {
    const variable = this.#variables.at(-place);
    invariant(variable, 'range has declared its variables');
    variable.value = value;
  }

  #call(node: Node & { readonly kind: 'template' }, dot: Value): void {
    const root = this.#template.definitions.get(node.name);
    if (root === undefined) throw this.#fail(`template ${quote(node.name)} not defined`);
    if (this.#depth === limits.depth) throw this.#fail(`exceeded maximum template depth (${limits.depth})`);
    const inner = node.pipe === undefined ? undefined : this.#pipe(node.pipe, dot);
    const outer = { variables: this.#variables, definition: this.#definition };
    this.#depth++;
    this.#variables = [{ name: '$', value: inner }];
    this.#definition = node.name;
    this.#list(root, inner);
    this.#depth--;
    this.#variables = outer.variables;
    this.#definition = outer.definition;
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    this.#node = pipe;
    let value: Final = absent;
    for (const command of pipe.commands) {
      const result: Value = this.#command(command, dot, value);
      value = result === null ? undefined : result;
    }
    invariant(value !== absent, 'a pipeline has a command');
    for (const name of pipe.declares) {
      if (pipe.assigns) this.#variable(name).value = value;
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #variable(name: string): Variable {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) throw this.#fail(`undefined variable: ${name}`);
    return found;
  }

  #notAFunction(args: readonly Operand[], final: Final): void {
    const [first] = args;
    if (first !== undefined && (args.length > 1 || final !== absent)) {
      throw this.#fail(`can't give argument to non-function ${formatNode(first)}`);
    }
  }

  #command(command: Command, dot: Value, final: Final): Value {
    this.#step();
    const [first] = command.args;
    if (first.kind === 'identifier') {
      this.#node = first;
      return this.#function(first.name, command, command.args.slice(1), dot, final);
    }
    if (first.kind === 'field' || first.kind === 'chain' || first.kind === 'variable') {
      return this.#path(first, dot, command.args, final);
    }
    if (first.kind !== 'pipe') this.#node = first;
    this.#notAFunction(command.args, final);
    if (first.kind === 'nil') throw this.#fail('nil is not a command');
    return first.kind === 'pipe' ? this.#pipe(first, dot) : this.#literal(first, dot);
  }

  #literal(operand: Operand & { readonly kind: 'bool' | 'dot' | 'nil' | 'number' | 'string' }, dot: Value): Value {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return undefined;
      default:
        return this.#known(operand);
    }
  }

  /** A constant's value; a number that only an unsigned one could be has none. */
  #known(operand: Operand & { readonly kind: 'bool' | 'number' | 'string' }): Value {
    if (operand.value === undefined) throw this.#fail(`${formatNode(operand)} overflows int`);
    return operand.value;
  }

  /** `.A.B`, `$x.A`, `(pipeline).A`: only the last name could take arguments, and no value here does. */
  #path(
    operand: Operand & { readonly kind: 'field' | 'chain' | 'variable' },
    dot: Value,
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#node = operand;
    let names = operand.path;
    let receiver = dot;
    if (operand.kind === 'variable') {
      const [name = '', ...fields] = operand.path;
      receiver = this.#variable(name).value;
      names = fields;
      if (fields.length === 0) this.#notAFunction(args, final);
    } else if (operand.kind === 'chain') {
      if (operand.operand.kind === 'nil') {
        throw this.#fail(`indirection through explicit nil in ${formatNode(operand)}`);
      }
      receiver = this.#argument(operand.operand, 'value', dot);
    }
    let type = typeName(receiver);
    for (const [at, name] of names.entries()) {
      const hasArguments = at === names.length - 1 && (args.length > 1 || final !== absent);
      const next = this.#field(receiver, name, type, hasArguments);
      // An element of a map of anything counts as an interface until it is printed or passed on.
      type = kindOf(receiver) === 'map' ? elementType(receiver) : typeName(next);
      receiver = next;
    }
    return receiver;
  }

  #field(receiver: Value, name: string, type: string, hasArguments: boolean): Value {
    switch (kindOf(receiver)) {
      case 'invalid':
        if (this.#strict) throw this.#fail(`nil data; no entry for key ${quote(name)}`);
        return undefined;
      case 'nil':
      case 'pointer':
        throw this.#fail(`nil pointer evaluating ${type}.${name}`);
      case 'struct':
        if (!(receiver instanceof Struct) || !Object.hasOwn(receiver.fields, name)) break;
        if (hasArguments) throw this.#fail(`${name} has arguments but cannot be invoked as function`);
        return receiver.fields[name];
      case 'map': {
        if (hasArguments) throw this.#fail(`${name} is not a method but has arguments`);
        const found = lookUp(mapOf(receiver), name);
        if (found === undefined && this.#strict) throw this.#fail(`map has no entry for key ${quote(name)}`);
        return found;
      }
      default:
    }
    throw this.#fail(`can't evaluate field ${name} in type ${type}`);
  }

  /** `at` is what a failing call is quoted as: the whole command, or the bare name where it is an argument. */
  #function(name: string, at: Command | Operand, args: readonly Operand[], dot: Value, final: Final): Value {
    const called = this.#functions.get(name);
    if (called === undefined) throw this.#fail(`${quote(name)} is not a defined function`);
    const given = args.length + (final === absent ? 0 : 1);
    const { parameters } = called;
    const fixed = parameters.length - (called.variadic === true ? 1 : 0);
    if (called.variadic === true ? given < fixed : given !== fixed) {
      const wanted = called.variadic === true ? `at least ${fixed} got ${args.length}` : `${fixed} got ${given}`;
      throw this.#fail(`wrong number of args for ${name}: want ${wanted}`);
    }
    const parameter = (place: number): Parameter => parameters[Math.min(place, parameters.length - 1)] ?? 'any';
    const values: Value[] = [];
    for (const [place, arg] of args.entries()) {
      const value = this.#argument(arg, parameter(place), dot);
      if ((name === 'and' && !isTrue(value)) || (name === 'or' && isTrue(value))) return value;
      values.push(value);
    }
    if (final !== absent) values.push(this.#fit(final, parameter(given - 1)));
    return this.#run(called, name, at, values);
  }

  #run(called: TemplateFunction, name: string, at: Command | Operand, values: readonly Value[]): Value {
    for (const value of values) if (typeof value === 'string') this.#charge(value);
    let result: Value;
    try {
      result = called.run(values, this.#characters);
    } catch (error) {
      // Functions tell of bad values with plain Errors; anything else is a bug and keeps its own shape.
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
      this.#node = at;
      throw this.#fail(`error calling ${name}: ${error.message}`);
    }
    if (typeof result === 'string') this.#charge(result);
    if (Array.isArray(result)) this.#step(result.length);
    return result;
  }

  #argument(operand: Operand, parameter: Parameter, dot: Value): Value {
    this.#step();
    this.#node = operand;
    switch (operand.kind) {
      case 'dot':
        return this.#fit(dot, parameter);
      case 'field':
      case 'variable':
      case 'chain':
        return this.#fit(this.#path(operand, dot, [], absent), parameter);
      case 'pipe':
        return this.#fit(this.#pipe(operand, dot), parameter);
      case 'identifier':
        return this.#fit(this.#function(operand.name, operand, [], dot, absent), parameter);
      case 'nil':
        if (parameter === 'string' || parameter === 'int') throw this.#fail(`cannot assign nil to ${parameter}`);
        return parameter === 'value' ? undefined : parameter === 'any' ? null : new Nil('slice');
      default:
        return this.#constant(operand, parameter);
    }
  }

  #constant(operand: Operand & { readonly kind: 'bool' | 'number' | 'string' }, parameter: Parameter): Value {
    const shown = (): string => formatNode(operand);
    switch (parameter) {
      case 'string':
        if (operand.kind !== 'string') throw this.#fail(`expected string; found ${shown()}`);
        return operand.value;
      case 'int':
        if (operand.kind !== 'number' || !operand.isInteger) throw this.#fail(`expected integer; found ${shown()}`);
        return toNumber(operand.value);
      case 'strings':
        throw this.#fail(`can't handle ${shown()} for arg of type []string`);
      case 'any':
      case 'value':
        return this.#known(operand);
    }
  }

  /** Checks a value against what a parameter takes. */
  #fit(value: Value, parameter: Parameter): Value {
    if (parameter === 'value') return value;
    if (parameter === 'any') return value ?? null;
    const kind = kindOf(value);
    if (parameter === 'strings') {
      if (kind === 'invalid') return new Nil('slice');
      if (kind === 'slice' && elementType(value) === 'string') return value;
    } else if (kind === parameter) return value;
    const wanted = parameter === 'strings' ? '[]string' : parameter;
    if (value === undefined) throw this.#fail(`invalid value; expected ${wanted}`);
    throw this.#fail(`wrong type for value; expected ${wanted}; got ${typeName(value)}`);
  }
}

/**
 * The text a template makes of `data`. Work is bounded: a million steps, 16 Mi characters handled, templates calling
 * each other 100 deep. Throws ERR_TEMPLATE_FAILED (invalid-argument) with Go's message, or ERR_TEMPLATE_LIMIT
 * (exhausted).
 */
export const evaluateTemplate = (template: Template, data: Value, options: EvaluateOptions = {}): string =>
  new Evaluator(template, options).run(data);
