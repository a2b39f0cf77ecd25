import { invariant } from '../../lib/invariant.ts';
import { type Command, formatNode, type Operand, type Pipe } from './nodes.ts';
import { quote } from './quote.ts';
import type { State, Variable } from './state.ts';
import {
  elementType,
  kindOf,
  lookUp,
  mapOf,
  Nil,
  type Parameter,
  Struct,
  type TemplateFunction,
  toNumber,
  typeName,
  type Value,
} from './values.ts';

/** Marks the absence of a value from the stage before; `undefined` is a value. */
const absent = Symbol('absent');
type Final = Value | typeof absent;

/** Evaluates the content of an action: pipelines, calls, fields, variables, constants. */
export class Pipelines {
  readonly #state: State;
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  /** True if a missing key of a map is an error. */
  readonly #strict: boolean;

  constructor(state: State, functions: ReadonlyMap<string, TemplateFunction>, strict: boolean) {
    this.#state = state;
    this.#functions = functions;
    this.#strict = strict;
  }

  /** Evaluates a pipeline. Variables it declares stay visible until the caller removes them. */
  value(pipe: Pipe, dot: Value): Value {
    this.#state.node = pipe;
    let value: Final = absent;
    for (const command of pipe.commands) {
      const result: Value = this.#command(command, dot, value);
      value = result === null ? undefined : result;
    }
    invariant(value !== absent, 'a pipeline has a command');
    for (const name of pipe.declares) {
      if (pipe.assigns) this.#variable(name).value = value;
      else this.#state.variables.push({ name, value });
    }
    return value;
  }

  #variable(name: string): Variable {
    const found = this.#state.variables.findLast((variable) => variable.name === name);
    if (found === undefined) throw this.#state.fail(`undefined variable: ${name}`);
    return found;
  }

  #notAFunction(args: readonly Operand[], final: Final): void {
    const [first] = args;
    if (first !== undefined && (args.length > 1 || final !== absent)) {
      throw this.#state.fail(`can't give argument to non-function ${formatNode(first)}`);
    }
  }

  #command(command: Command, dot: Value, final: Final): Value {
    this.#state.step();
    const [first] = command.args;
    if (first.kind === 'identifier') {
      this.#state.node = first;
      return this.#function(first.name, command, command.args.slice(1), dot, final);
    }
    if (first.kind === 'field' || first.kind === 'chain' || first.kind === 'variable') {
      return this.#path(first, dot, command.args, final);
    }
    if (first.kind !== 'pipe') this.#state.node = first;
    this.#notAFunction(command.args, final);
    if (first.kind === 'nil') throw this.#state.fail('nil is not a command');
    return first.kind === 'pipe' ? this.value(first, dot) : this.#literal(first, dot);
  }

  #literal(operand: Operand & { readonly kind: 'bool' | 'dot' | 'nil' | 'number' | 'string' }, dot: Value): Value {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return undefined;
      default:
        return this.#constantValue(operand);
    }
  }

  /** Returns a constant's value. Throws for a number that fits only an unsigned integer. */
  #constantValue(operand: Operand & { readonly kind: 'bool' | 'number' | 'string' }): Value {
    if (operand.value === undefined) throw this.#state.fail(`${formatNode(operand)} overflows int`);
    return operand.value;
  }

  /** Evaluates `.A.B`, `$x.A`, `(pipeline).A`. Only the last name, of a method, may take arguments. */
  #path(
    operand: Operand & { readonly kind: 'field' | 'chain' | 'variable' },
    dot: Value,
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#state.node = operand;
    let names = operand.path;
    let receiver = dot;
    if (operand.kind === 'variable') {
      const [name = '', ...fields] = operand.path;
      receiver = this.#variable(name).value;
      names = fields;
      if (fields.length === 0) this.#notAFunction(args, final);
    } else if (operand.kind === 'chain') {
      if (operand.operand.kind === 'nil') {
        throw this.#state.fail(`indirection through explicit nil in ${formatNode(operand)}`);
      }
      receiver = this.#argument(operand.operand, 'value', dot);
    }
    let holder: Value;
    for (const [at, name] of names.entries()) {
      this.#state.step();
      const isLast = at === names.length - 1;
      const method =
        receiver instanceof Struct && Object.hasOwn(receiver.methods, name) ? receiver.methods[name] : undefined;
      const next =
        method === undefined
          ? this.#field(receiver, name, holder, isLast && (args.length > 1 || final !== absent))
          : this.#invoke(method, name, operand, isLast ? args.slice(1) : [], dot, isLast ? final : absent);
      holder = receiver;
      receiver = next;
    }
    return receiver;
  }

  #field(receiver: Value, name: string, holder: Value, hasArguments: boolean): Value {
    // For messages: in Go, an element of a map of mixed values is an interface until it is printed or passed on.
    const type = (): string => (kindOf(holder) === 'map' ? elementType(holder) : typeName(receiver));
    switch (kindOf(receiver)) {
      case 'invalid':
        if (this.#strict) throw this.#state.fail(`nil data; no entry for key ${quote(name)}`);
        return undefined;
      case 'nil':
      case 'pointer':
        throw this.#state.fail(`nil pointer evaluating ${type()}.${name}`);
      case 'struct':
        if (!(receiver instanceof Struct) || !Object.hasOwn(receiver.fields, name)) break;
        if (hasArguments) throw this.#state.fail(`${name} has arguments but cannot be invoked as function`);
        return receiver.fields[name];
      case 'map': {
        if (hasArguments) throw this.#state.fail(`${name} is not a method but has arguments`);
        const found = lookUp(mapOf(receiver), name);
        if (found === undefined && this.#strict) throw this.#state.fail(`map has no entry for key ${quote(name)}`);
        return found;
      }
      default:
    }
    throw this.#state.fail(`can't evaluate field ${name} in type ${type()}`);
  }

  /** Calls a function. `at` is quoted in messages: the whole command, or the bare name of a call as an argument. */
  #function(name: string, at: Command | Operand, args: readonly Operand[], dot: Value, final: Final): Value {
    const called = this.#functions.get(name);
    if (called === undefined) throw this.#state.fail(`${quote(name)} is not a defined function`);
    return this.#invoke(called, name, at, args, dot, final);
  }

  #invoke(
    called: TemplateFunction,
    name: string,
    at: Command | Operand,
    args: readonly Operand[],
    dot: Value,
    final: Final,
  ): Value {
    const given = args.length + (final === absent ? 0 : 1);
    const { parameters } = called;
    const fixed = parameters.length - (called.variadic === true ? 1 : 0);
    if (called.variadic === true ? given < fixed : given !== fixed) {
      const wanted = called.variadic === true ? `at least ${fixed} got ${args.length}` : `${fixed} got ${given}`;
      throw this.#state.fail(`wrong number of args for ${name}: want ${wanted}`);
    }
    const parameter = (place: number): Parameter => parameters[Math.min(place, parameters.length - 1)] ?? 'any';
    const values: Value[] = [];
    for (const [place, arg] of args.entries()) {
      const value = this.#argument(arg, parameter(place), dot);
      if (called.decides?.(value) === true) return value;
      values.push(value);
    }
    if (final !== absent) values.push(this.#fit(final, parameter(given - 1)));
    return this.#run(called, name, at, values);
  }

  #run(called: TemplateFunction, name: string, at: Command | Operand, values: readonly Value[]): Value {
    for (const value of values) {
      if (typeof value === 'string') this.#state.charge(value);
      else if (kindOf(value) === 'map') this.#state.step(Math.ceil(Object.keys(mapOf(value)).length / 16));
    }
    let result: Value;
    try {
      result = called.run(values, this.#state.charactersLeft);
    } catch (error) {
      // Functions throw plain Errors for bad values; any other error is a bug and is rethrown.
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
      this.#state.node = at;
      throw this.#state.fail(`error calling ${name}: ${error.message}`);
    }
    if (typeof result === 'string') this.#state.charge(result);
    if (Array.isArray(result)) this.#state.step(result.length);
    return result;
  }

  #argument(operand: Operand, parameter: Parameter, dot: Value): Value {
    this.#state.step();
    this.#state.node = operand;
    switch (operand.kind) {
      case 'dot':
        return this.#fit(dot, parameter);
      case 'field':
      case 'variable':
      case 'chain':
        return this.#fit(this.#path(operand, dot, [], absent), parameter);
      case 'pipe':
        return this.#fit(this.value(operand, dot), parameter);
      case 'identifier':
        return this.#fit(this.#function(operand.name, operand, [], dot, absent), parameter);
      case 'nil':
        if (parameter === 'string' || parameter === 'int') throw this.#state.fail(`cannot assign nil to ${parameter}`);
        return parameter === 'value' ? undefined : parameter === 'any' ? null : new Nil('slice');
      default:
        return this.#constant(operand, parameter);
    }
  }

  #constant(operand: Operand & { readonly kind: 'bool' | 'number' | 'string' }, parameter: Parameter): Value {
    const shown = (): string => formatNode(operand);
    switch (parameter) {
      case 'string':
        if (operand.kind !== 'string') throw this.#state.fail(`expected string; found ${shown()}`);
        return operand.value;
      case 'int':
        if (operand.kind !== 'number' || !operand.isInteger)
          throw this.#state.fail(`expected integer; found ${shown()}`);
        return toNumber(operand.value);
      case 'strings':
        throw this.#state.fail(`can't handle ${shown()} for arg of type []string`);
      case 'any':
      case 'value':
        return this.#constantValue(operand);
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
    if (value === undefined) throw this.#state.fail(`invalid value; expected ${wanted}`);
    throw this.#state.fail(`wrong type for value; expected ${wanted}; got ${typeName(value)}`);
  }
}
