import { invariant } from '../../lib/invariant.ts';
import { templateFunctions } from './functions.ts';
import type { Branch, List, Node } from './nodes.ts';
import type { Template } from './parse.ts';
import { Pipelines } from './pipelines.ts';
import { formatValue } from './printf.ts';
import { quote } from './quote.ts';
import { limits, State, shorten } from './state.ts';
import { isTrue, itemsOf, kindOf, lookUp, mapOf, sortedKeys, type TemplateFunction, type Value } from './values.ts';

export interface EvaluateOptions {
  readonly functions?: ReadonlyMap<string, TemplateFunction> | undefined;
  /** For a missing key of a map: print `<no value>` (default), or fail as `docker inspect` does. */
  readonly missingKey?: 'default' | 'error' | undefined;
}

type Flow = 'on' | 'break' | 'continue';

/** Walks a template's text and control structures, and collects the output. */
class Walker {
  readonly #state: State;
  readonly #pipelines: Pipelines;
  #depth = 0;
  readonly #out: string[] = [];

  constructor(state: State, pipelines: Pipelines) {
    this.#state = state;
    this.#pipelines = pipelines;
  }

  run(root: List, dot: Value): string {
    this.#list(root, dot);
    return this.#out.join('');
  }

  #list(list: List, dot: Value): Flow {
    for (const node of list.nodes) {
      const flow = this.#walk(node, dot);
      if (flow !== 'on') return flow;
    }
    return 'on';
  }

  #walk(node: Node, dot: Value): Flow {
    this.#state.step();
    this.#state.node = node;
    switch (node.kind) {
      case 'text':
        this.#out.push(this.#state.charge(node.text));
        return 'on';
      case 'action':
        this.#print(node, this.#pipelines.value(node.pipe, dot));
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
        const variableCount = this.#state.variables.length;
        const flow = node.kind === 'range' ? this.#range(node, dot) : this.#choose(node, dot);
        this.#state.variables.length = variableCount;
        return flow;
      }
    }
  }

  #print(node: Node & { readonly kind: 'action' }, value: Value): void {
    if (node.pipe.declares.length > 0) return;
    this.#state.node = node;
    this.#out.push(this.#state.charge(value === undefined || value === null ? '<no value>' : formatValue(value)));
  }

  #choose(node: Branch, dot: Value): Flow {
    const value = this.#pipelines.value(node.pipe, dot);
    if (isTrue(value)) return this.#list(node.list, node.kind === 'with' ? value : dot);
    return node.otherwise === undefined ? 'on' : this.#list(node.otherwise, dot);
  }

  /** Yields the pairs of index or key and element for `range`. */
  *#entries(value: Value, declared: number): Iterable<readonly [Value, Value]> {
    switch (kindOf(value)) {
      case 'slice':
        yield* itemsOf(value).entries();
        break;
      case 'map': {
        const keys = sortedKeys(mapOf(value));
        this.#state.step(keys.length);
        for (const key of keys) yield [key, lookUp(mapOf(value), key)];
        break;
      }
      case 'int':
        if (declared > 1)
          throw this.#state.fail(`can't use ${formatValue(value)} to iterate over more than one variable`);
        for (let at = 0; at < Number(value); at++) yield [at, at];
        break;
      case 'invalid':
      case 'nil':
        break;
      default:
        throw this.#state.fail(`range can't iterate over ${shorten(formatValue(value))}`);
    }
  }

  #range(node: Branch, dot: Value): Flow {
    const value = this.#pipelines.value(node.pipe, dot);
    const declared = node.pipe.declares.length;
    const mark = this.#state.variables.length;
    let isEmpty = true;
    for (const [index, element] of this.#entries(value, declared)) {
      this.#state.step();
      isEmpty = false;
      if (declared > 0) this.#setFromTop(1, element);
      if (declared > 1) this.#setFromTop(2, index);
      const flow = this.#list(node.list, element);
      this.#state.variables.length = mark;
      if (flow === 'break') break;
    }
    return isEmpty && node.otherwise !== undefined ? this.#list(node.otherwise, dot) : 'on';
  }

  #setFromTop(position: number, value: Value): void {
    const variable = this.#state.variables.at(-position);
    invariant(variable, 'range has declared its variables');
    variable.value = value;
  }

  #call(node: Node & { readonly kind: 'template' }, dot: Value): void {
    const root = this.#state.template.definitions.get(node.name);
    if (root === undefined) throw this.#state.fail(`template ${quote(node.name)} not defined`);
    if (this.#depth === limits.depth) throw this.#state.fail(`exceeded maximum template depth (${limits.depth})`);
    const inner = node.pipe === undefined ? undefined : this.#pipelines.value(node.pipe, dot);
    const outer = { variables: this.#state.variables, definition: this.#state.definition };
    this.#depth++;
    this.#state.variables = [{ name: '$', value: inner }];
    this.#state.definition = node.name;
    this.#list(root, inner);
    this.#depth--;
    this.#state.variables = outer.variables;
    this.#state.definition = outer.definition;
  }
}

/**
 * Evaluates a template over `data` and returns the text. Work is bounded: a million steps, 16 Mi characters handled,
 * templates calling each other 100 deep. Throws ERR_TEMPLATE_FAILED (invalid-argument) with Go's message, or
 * ERR_TEMPLATE_LIMIT (exhausted).
 */
export function evaluateTemplate(template: Template, data: Value, options: EvaluateOptions = {}): string {
  const root = template.definitions.get(template.name);
  invariant(root, 'a parsed template holds its own text');
  const dot = data ?? undefined;
  const state = new State(template, dot);
  const pipelines = new Pipelines(state, options.functions ?? templateFunctions, options.missingKey === 'error');
  return new Walker(state, pipelines).run(root, dot);
}
