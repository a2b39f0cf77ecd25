// Finds the texts that an expression of the sources may have: literals, and what variables, parameters and functions
// lead to.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { importedFile } from './imports.ts';

/** A node of the syntax tree (ESTree), as far as this module looks at it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly parents: ReadonlyMap<SyntaxNode, SyntaxNode>;
  /** Functions and constants of the module by name. */
  readonly definitions: ReadonlyMap<string, SyntaxNode>;
  /** Local name to the file and the name there. */
  readonly imports: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
  /** Calls by the name that is called. */
  readonly callsByName: ReadonlyMap<string, readonly SyntaxNode[]>;
}

/** The call through which a function is looked at, so that its parameters have the arguments of that call alone. */
type Calls = ReadonlyMap<SyntaxNode, Position>;

interface Position {
  readonly node: SyntaxNode;
  readonly file: SourceFile;
  readonly calls: Calls;
}

/**
 * An error as one place of the sources makes it: a function that is given the texts is seen through each of its calls.
 */
export interface FoundError {
  readonly file: string;
  readonly codes: readonly string[];
  readonly messages: readonly string[];
  /** With an empty text where there may be no hint. */
  readonly hints: readonly string[];
}

const maxDepth = 8;
/** Stands for a part of a text that is known only when the program runs. */
const hole = '…';

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

const childrenOf = (node: SyntaxNode): SyntaxNode[] =>
  Object.values(node).flatMap((value) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));

const nameOf = (node: unknown): string | undefined =>
  isNode(node) && node.type === 'Identifier' ? (node['name'] as string) : undefined;

const isFunction = (node: SyntaxNode): boolean =>
  ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);

/** All modules below `src/`, with what leads from one expression to another. */
export class ErrorTexts {
  readonly #files: ReadonlyMap<string, SourceFile>;

  constructor(root: string) {
    const paths = globSync('src/**/*.ts', { cwd: root }).sort();
    this.#files = new Map(paths.map((path) => [path, readSource(root, path)]));
  }

  /** Every object literal with a property `code` that is one of this package's codes. */
  *errors(): Generator<FoundError> {
    for (const file of this.#files.values()) {
      if (!file.text.includes('ERR_')) continue;
      for (const node of file.parents.keys()) {
        if (node.type !== 'ObjectExpression') continue;
        const properties = propertiesOf(node);
        if (!properties.has('code') || !properties.has('message')) continue;
        for (const calls of this.#variants([...properties.values()], { node, file, calls: new Map() })) {
          const textsOf = (name: string): string[] => this.#textsOf(properties.get(name), file, calls);
          const codes = textsOf('code').filter((code) => /^ERR_[A-Z0-9_]+$/.test(code));
          if (codes.length > 0) yield { file: file.path, codes, messages: textsOf('message'), hints: textsOf('hint') };
        }
      }
    }
  }

  /** Texts without repeats; one of which nothing is known is left out unless nothing else is found. */
  #textsOf(node: SyntaxNode | undefined, file: SourceFile, calls: Calls): string[] {
    if (node === undefined) return [''];
    const found = [...new Set(this.#resolve({ node, file, calls }, 0))];
    const known = found.filter((text) => text === '' || text.replaceAll(hole, '').trim() !== '');
    return known.length > 0 ? known : [hole];
  }

  /** The ways in which the function around a place is called, where `values` are made of its parameters. */
  #variants(values: readonly SyntaxNode[], position: Position, depth = 0): Calls[] {
    const { file, calls } = position;
    const fn = enclosingFunction(position);
    const name = fn && nameOfFunction(fn, file);
    const names = values.flatMap((value) => [...namesIn(value, fn, file)]);
    const isGiven = fn !== undefined && names.some((each) => findParameter(fn, each) !== undefined);
    if (fn === undefined || name === undefined || !isGiven || depth > 3) return [calls];
    const found = [...this.#callsOf(name, file)].flatMap((call) => {
      const through = new Map([...calls, [fn, { ...call, calls }]]);
      const given = call.node['arguments'] as readonly SyntaxNode[];
      return this.#variants(given, { ...call, calls: through }, depth + 1);
    });
    return found.length > 0 ? found : [calls];
  }

  *#callsOf(name: string, file: SourceFile): Generator<Pick<Position, 'node' | 'file'>> {
    for (const caller of this.#files.values()) {
      for (const [local, imported] of [[name, undefined] as const, ...caller.imports]) {
        const isIt = imported === undefined ? caller === file : imported.file === file.path && imported.name === name;
        if (isIt) for (const node of caller.callsByName.get(local) ?? []) yield { node, file: caller };
      }
    }
  }

  #resolve(position: Position, depth: number): string[] {
    const { node } = position;
    if (depth > maxDepth) return [hole];
    const at = (child: unknown): string[] =>
      isNode(child) ? this.#resolve({ ...position, node: child }, depth + 1) : [hole];
    switch (node.type) {
      case 'Literal':
        return [typeof node['value'] === 'string' ? node['value'] : hole];
      case 'TemplateLiteral':
        return this.#resolveTemplate(position, depth);
      case 'ConditionalExpression':
        return [...at(node['consequent']), ...at(node['alternate'])];
      case 'LogicalExpression':
        return node['operator'] === '&&' ? [...at(node['right']), ''] : [...at(node['left']), ...at(node['right'])];
      case 'BinaryExpression':
        return at(node['left']).flatMap((left) => at(node['right']).map((right) => left + right));
      case 'AwaitExpression':
      case 'ParenthesizedExpression':
      case 'TSAsExpression':
      case 'TSNonNullExpression':
      case 'TSSatisfiesExpression':
        return at(node['argument'] ?? node['expression']);
      case 'Identifier':
        return node['name'] === 'undefined' ? [''] : this.#resolveName(node['name'] as string, position, depth);
      case 'CallExpression':
        return this.#resolveCall(position, depth);
      case 'MemberExpression':
        return this.#resolveMember(position, depth);
      case 'ObjectExpression':
        return [...propertiesOf(node).values()].flatMap(at);
      default:
        return [hole];
    }
  }

  /** Fills a hole whose text is one constant; all others stay holes. */
  #resolveTemplate(position: Position, depth: number): string[] {
    const { node } = position;
    const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string } }[];
    const holes = node['expressions'] as readonly SyntaxNode[];
    const parts = holes.map((expression) => {
      const texts = this.#resolve({ ...position, node: expression }, depth + 1);
      return texts.length === 1 ? texts[0] || hole : hole;
    });
    return [quasis.map(({ value }, index) => value.cooked + (parts[index] ?? '')).join('')];
  }

  #resolveName(name: string, position: Position, depth: number): string[] {
    const { node, file } = position;
    for (let up = file.parents.get(node); up !== undefined; up = file.parents.get(up)) {
      const local = up.type === 'BlockStatement' ? declarationIn(up, name) : undefined;
      if (local !== undefined) return this.#resolve({ ...position, node: local }, depth + 1);
      if (!isFunction(up)) continue;
      const parameter = findParameter(up, name);
      if (parameter !== undefined) return this.#resolveParameter(up, parameter, position, depth);
    }
    const definition = this.#definitionOf(name, file);
    return definition === undefined || isFunction(definition.node)
      ? [hole]
      : this.#resolve({ ...definition, calls: position.calls }, depth + 1);
  }

  /**
   * A parameter has the text of its argument in the call looked through, else those of all calls, and of its default.
   */
  #resolveParameter(fn: SyntaxNode, parameter: Parameter, { file, calls }: Position, depth: number): string[] {
    const { byDefault } = parameter;
    const through = calls.get(fn);
    const name = nameOfFunction(fn, file);
    const known = through === undefined ? [...(name === undefined ? [] : this.#callsOf(name, file))] : [through];
    const found = known.flatMap((call) => {
      const argument = argumentOf(call.node, parameter) ?? byDefault;
      if (argument === undefined) return [''];
      const from = argument === byDefault ? file : call.file;
      return this.#resolve({ node: argument, file: from, calls }, depth + 1);
    });
    return found.length > 0 ? found : [hole];
  }

  #resolveCall({ node, file, calls }: Position, depth: number): string[] {
    const name = nameOf(node['callee']);
    const definition = name === undefined ? undefined : this.#definitionOf(name, file);
    if (definition === undefined || !isFunction(definition.node)) return [hole];
    const through = new Map([...calls, [definition.node, { node, file, calls }]]);
    const returned = returnsOf(definition.node).map((each) => ({ node: each, file: definition.file, calls: through }));
    return returned.length > 0 ? returned.flatMap((each) => this.#resolve(each, depth + 1)) : [hole];
  }

  /** An entry of a table has the text of that entry where the key is written out, else those of all entries. */
  #resolveMember({ node, file, calls }: Position, depth: number): string[] {
    const name = nameOf(node['object']);
    const table = name === undefined ? undefined : this.#definitionOf(name, file);
    if (table?.node.type !== 'ObjectExpression') return [hole];
    const properties = propertiesOf(table.node);
    const key = node['computed'] === true ? undefined : nameOf(node['property']);
    const values = key === undefined ? [...properties.values()] : [properties.get(key)].filter(isNode);
    return values.flatMap((value) => this.#resolve({ node: value, file: table.file, calls }, depth + 1));
  }

  #definitionOf(name: string, file: SourceFile): Pick<Position, 'node' | 'file'> | undefined {
    const own = file.definitions.get(name);
    if (own !== undefined) return { node: own, file };
    const imported = file.imports.get(name);
    const other = imported && this.#files.get(imported.file);
    const node = imported && other?.definitions.get(imported.name);
    return node && other ? { node, file: other } : undefined;
  }
}

/** A name that a function is given: the argument at `index`, or a field of it. */
interface Parameter {
  readonly index: number;
  readonly field: string | undefined;
  readonly byDefault: SyntaxNode | undefined;
}

function findParameter(fn: SyntaxNode, name: string): Parameter | undefined {
  for (const [index, given] of (fn['params'] as readonly SyntaxNode[]).entries()) {
    const [pattern, byDefault] = withDefault(given);
    if (nameOf(pattern) === name) return { index, field: undefined, byDefault };
    if (pattern.type !== 'ObjectPattern') continue;
    for (const property of pattern['properties'] as readonly SyntaxNode[]) {
      const [local, fallback] = isNode(property['value']) ? withDefault(property['value']) : [];
      if (nameOf(local) === name) return { index, field: nameOf(property['key']), byDefault: fallback };
    }
  }
  return undefined;
}

const withDefault = (given: SyntaxNode): [pattern: SyntaxNode, byDefault: SyntaxNode | undefined] =>
  given.type === 'AssignmentPattern' ? [given['left'] as SyntaxNode, given['right'] as SyntaxNode] : [given, undefined];

function argumentOf(call: SyntaxNode, { index, field }: Parameter): SyntaxNode | undefined {
  const argument = (call['arguments'] as readonly SyntaxNode[])[index];
  if (argument === undefined || field === undefined) return argument;
  return argument.type === 'ObjectExpression' ? propertiesOf(argument).get(field) : undefined;
}

/** Properties by name; of `...(hint === undefined ? {} : { hint })` the one inside. */
function propertiesOf(object: SyntaxNode): Map<string, SyntaxNode> {
  const found = new Map<string, SyntaxNode>();
  for (const property of object['properties'] as readonly SyntaxNode[]) {
    if (property.type === 'SpreadElement') {
      for (const inner of descendantsOf(property['argument'] as SyntaxNode))
        if (inner.type === 'ObjectExpression') for (const [name, value] of propertiesOf(inner)) found.set(name, value);
      continue;
    }
    const key = property['key'] as SyntaxNode;
    const name = nameOf(key) ?? (key.type === 'Literal' ? String(key['value']) : undefined);
    if (name !== undefined && isNode(property['value'])) found.set(name, property['value']);
  }
  return found;
}

function declarationIn(block: SyntaxNode, name: string): SyntaxNode | undefined {
  for (const statement of block['body'] as readonly SyntaxNode[]) {
    if (statement.type !== 'VariableDeclaration') continue;
    for (const { id, init } of statement['declarations'] as readonly { id?: unknown; init?: unknown }[])
      if (nameOf(id) === name && isNode(init)) return init;
  }
  return undefined;
}

function enclosingFunction({ node, file }: Pick<Position, 'node' | 'file'>): SyntaxNode | undefined {
  let up = file.parents.get(node);
  while (up !== undefined && !isFunction(up)) up = file.parents.get(up);
  return up;
}

/** Names that an expression is made of, also through variables of the function around it. */
function* namesIn(
  value: SyntaxNode,
  fn: SyntaxNode | undefined,
  file: SourceFile,
  seen = new Set<string>(),
): Generator<string> {
  for (const node of descendantsOf(value)) {
    const name = nameOf(node);
    if (name === undefined || seen.has(name)) continue;
    seen.add(name);
    yield name;
    const body = fn?.['body'];
    const local = isNode(body) && body.type === 'BlockStatement' ? declarationIn(body, name) : undefined;
    if (local !== undefined) yield* namesIn(local, fn, file, seen);
  }
}

function nameOfFunction(fn: SyntaxNode, file: SourceFile): string | undefined {
  const parent = file.parents.get(fn);
  return nameOf(fn['id']) ?? (parent?.type === 'VariableDeclarator' ? nameOf(parent['id']) : undefined);
}

function returnsOf(fn: SyntaxNode): SyntaxNode[] {
  const body = fn['body'] as SyntaxNode;
  if (body.type !== 'BlockStatement') return [body];
  const found: SyntaxNode[] = [];
  const visit = (node: SyntaxNode): void => {
    if (node.type === 'ReturnStatement' && isNode(node['argument'])) found.push(node['argument']);
    for (const child of childrenOf(node)) if (!isFunction(child)) visit(child);
  };
  visit(body);
  return found;
}

function* descendantsOf(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const child of childrenOf(node)) yield* descendantsOf(child);
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const program = parseSync(path, text).program as unknown as SyntaxNode;
  const parents = new Map<SyntaxNode, SyntaxNode>();
  const calls = new Map<string, SyntaxNode[]>();
  for (const node of descendantsOf(program)) {
    for (const child of childrenOf(node)) parents.set(child, node);
    const called = node.type === 'CallExpression' ? nameOf(node['callee']) : undefined;
    if (called !== undefined) calls.set(called, [...(calls.get(called) ?? []), node]);
  }
  const statements = program['body'] as readonly SyntaxNode[];
  return { path, text, parents, callsByName: calls, ...namesOf(statements, path) };
}

function namesOf(statements: readonly SyntaxNode[], path: string): Pick<SourceFile, 'definitions' | 'imports'> {
  const definitions = new Map<string, SyntaxNode>();
  const imports = new Map<string, { readonly file: string; readonly name: string }>();
  for (const statement of statements) {
    if (statement.type === 'ImportDeclaration') {
      const file = importedFile(path, String((statement['source'] as SyntaxNode)['value']));
      for (const { imported, local } of statement['specifiers'] as readonly { imported?: unknown; local?: unknown }[]) {
        const [name, as] = [nameOf(imported), nameOf(local)];
        if (name !== undefined && as !== undefined) imports.set(as, { file, name });
      }
    }
    const declared = isNode(statement['declaration']) ? statement['declaration'] : statement;
    const functionName = declared.type === 'FunctionDeclaration' ? nameOf(declared['id']) : undefined;
    if (functionName !== undefined) definitions.set(functionName, declared);
    if (declared.type !== 'VariableDeclaration') continue;
    for (const { id, init } of declared['declarations'] as readonly { id?: unknown; init?: unknown }[]) {
      const name = nameOf(id);
      if (name !== undefined && isNode(init)) definitions.set(name, init);
    }
  }
  return { definitions, imports };
}
