// Finds types in signatures of the published subpaths that no program can import. Reads sources instead of declaration
// files: with `isolatedDeclarations` every exported name is annotated.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type Node, parseSync, type Statement, visitorKeys } from 'oxc-parser';

interface SourceFile {
  readonly declarations: ReadonlyMap<string, readonly Node[]>;
  /** Local name → its place in another file; undefined for a package. */
  readonly imports: ReadonlyMap<string, Place | undefined>;
  /** Exported name → the place of its declaration, or the next file that exports it. */
  readonly exports: ReadonlyMap<string, Export>;
  /** Files re-exported by `export *`. */
  readonly stars: readonly string[];
}

interface Place {
  readonly file: string;
  readonly name: string;
}

interface Export extends Place {
  /** True for `export type`: constructor and static methods of a class cannot be called. */
  readonly isType: boolean;
}

const keyOf = ({ file, name }: Place): string => `${file}#${name}`;

class Sources {
  readonly #root: string;
  readonly #files = new Map<string, SourceFile>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Returns every name that a file exports, with the place of its declaration. */
  exportsOf(file: string): Map<string, Export> {
    const { exports, stars } = this.#read(file);
    const own = [...exports].map(([name, { isType, ...place }]): [string, Export] => [
      name,
      { ...this.#declared(place), isType },
    ]);
    return new Map([...stars.flatMap((star) => [...this.exportsOf(star)]), ...own]);
  }

  /** Returns the places of all names in the signature of a declaration, except those built in or of a package. */
  mentionedBy(place: Export): Place[] {
    const { declarations, imports } = this.#read(place.file);
    const names = new Set<string>();
    for (const node of declarations.get(place.name) ?? []) collectNames(node, names, place);
    return [...names].flatMap((name) => {
      if (name === place.name) return [];
      if (declarations.has(name)) return [{ file: place.file, name }];
      const imported = imports.get(name);
      return imported === undefined ? [] : [this.#declared(imported)];
    });
  }

  #declared(place: Place): Place {
    const { declarations, imports, exports } = this.#read(place.file);
    if (declarations.has(place.name)) return place;
    const next = imports.get(place.name) ?? exports.get(place.name);
    return next === undefined || keyOf(next) === keyOf(place) ? place : this.#declared(next);
  }

  #read(file: string): SourceFile {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const read = readSource(file, readFileSync(join(this.#root, file), 'utf8'));
    this.#files.set(file, read);
    return read;
  }
}

function readSource(file: string, text: string): SourceFile {
  const declarations = new Map<string, Node[]>();
  const imports = new Map<string, Place | undefined>();
  const exports = new Map<string, Export>();
  const stars: string[] = [];
  const placeIn = (specifier: string, name: string): Place | undefined =>
    specifier.startsWith('.') ? { file: normalize(join(dirname(file), specifier)), name } : undefined;
  const { program, module } = parseSync(file, text);
  for (const { entries, moduleRequest } of module.staticImports)
    for (const { importName, localName } of entries)
      imports.set(localName.value, placeIn(moduleRequest.value, importName.name ?? ''));
  for (const { entries } of module.staticExports)
    for (const { exportName, importName, isType, localName, moduleRequest } of entries) {
      const name = importName.name ?? localName.name ?? '';
      const place = moduleRequest === null ? { file, name } : placeIn(moduleRequest.value, name);
      if (place === undefined) continue;
      if (exportName.name === null) stars.push(place.file);
      else exports.set(exportName.name, { ...place, isType });
    }
  for (const statement of program.body)
    for (const [name, node] of declaredBy(statement)) declarations.set(name, [...(declarations.get(name) ?? []), node]);
  return { declarations, imports, exports, stars };
}

function declaredBy(statement: Statement): [name: string, node: Node][] {
  if (statement.type === 'ExportNamedDeclaration')
    return statement.declaration === null ? [] : declaredBy(statement.declaration);
  if (statement.type === 'VariableDeclaration')
    return statement.declarations.flatMap((declarator): [string, Node][] =>
      declarator.id.type === 'Identifier' ? [[declarator.id.name, declarator]] : [],
    );
  if (!('id' in statement) || statement.id?.type !== 'Identifier') return [];
  return [[statement.id.name, statement]];
}

/** Adds the types that a signature names to `names`, without bodies, initial values and private members. */
function collectNames(
  node: Node,
  names: Set<string>,
  { isType }: Pick<Export, 'isType'>,
  own: ReadonlySet<string> = new Set(),
): void {
  const inner = new Set([...own, ...parametersOf(node)]);
  if (node.type === 'TSTypeReference') {
    const name = firstName(node.typeName);
    if (name !== undefined && !inner.has(name)) names.add(name);
  }
  if ((node.type === 'TSClassImplements' || node.type === 'TSInterfaceHeritage') && firstName(node.expression))
    names.add(firstName(node.expression) ?? '');
  if (node.type === 'ClassDeclaration' && node.superClass?.type === 'Identifier') names.add(node.superClass.name);
  for (const child of childrenOf(node))
    if (!isHidden(child) && !(isType && isOfClass(child))) collectNames(child, names, { isType }, inner);
}

/** Returns the type parameters that a node declares. */
function parametersOf(node: Node): string[] {
  if (node.type === 'TSMappedType') return [node.key.name];
  const inferred = node.type === 'TSConditionalType' ? inferredIn(node.extendsType) : [];
  const parameters = 'typeParameters' in node ? node.typeParameters : undefined;
  return [...inferred, ...(parameters?.type === 'TSTypeParameterDeclaration' ? parameters.params : []).map(nameOf)];
}

const inferredIn = (node: Node): string[] => [
  ...(node.type === 'TSInferType' ? [nameOf(node.typeParameter)] : []),
  ...childrenOf(node).flatMap(inferredIn),
];

const nameOf = ({ name }: { readonly name: { readonly name: string } }): string => name.name;

const firstName = (node: Node): string | undefined =>
  node.type === 'Identifier' ? node.name : node.type === 'TSQualifiedName' ? firstName(node.left) : undefined;

const isHidden = (node: Node): boolean =>
  node.type === 'BlockStatement' ||
  ('accessibility' in node && node.accessibility === 'private') ||
  ('key' in node && node.key?.type === 'PrivateIdentifier');

const isOfClass = (node: Node): boolean =>
  ('static' in node && node.static) || (node.type === 'MethodDefinition' && node.kind === 'constructor');

const childrenOf = (node: Node): Node[] =>
  (visitorKeys[node.type] ?? []).flatMap((key) => {
    if (key === 'body' && node.type === 'ArrowFunctionExpression') return [];
    const value = (node as unknown as { readonly [key: string]: unknown })[key];
    if (key === 'init' || key === 'value') return isSignature(value) ? [value] : [];
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });

// An initial value has types of its own only if it is a function.
const isSignature = (value: unknown): value is Node =>
  isNode(value) && /^(?:ArrowFunctionExpression|(?:TSEmptyBody)?FunctionExpression)$/.test(value.type);

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

export interface HiddenType {
  readonly index: string;
  /** The export whose signature names the type. */
  readonly by: string;
  /** Name of the type. */
  readonly type: string;
  readonly file: string;
}

/**
 * Returns every type that a signature of `src/<folder>/index.ts` names, and that neither this index nor the index of
 * the type's own folder exports.
 */
export function findHiddenTypes(root: string): HiddenType[] {
  const sources = new Sources(root);
  const indexes = globSync('src/*/index.ts', { cwd: root }).sort();
  const public_ = new Map(indexes.map((index) => [index, sources.exportsOf(index)]));
  const keysOf = (index: string): Set<string> => new Set([...(public_.get(index) ?? new Map()).values()].map(keyOf));
  return indexes.flatMap((index) => {
    const own = keysOf(index);
    const isPublic = (place: Place): boolean =>
      own.has(keyOf(place)) || keysOf(`src/${place.file.split('/')[1] ?? ''}/index.ts`).has(keyOf(place));
    return [...(public_.get(index) ?? [])].flatMap(([by, place]) =>
      sources
        .mentionedBy(place)
        .filter((mentioned) => !isPublic(mentioned))
        .map(({ file, name }) => ({ index, by, type: name, file })),
    );
  });
}

if (import.meta.main) {
  for (const { index, by, type, file } of findHiddenTypes(join(import.meta.dirname, '..')))
    console.log(`${index}: ${by} names ${type} of ${file}`);
}
