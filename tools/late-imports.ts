// Lets a chunk of a bundle load modules of Node only where it uses them.
import { type ImportDeclaration, type ModuleExportName, type Node, type Program, visitorKeys } from 'oxc-parser';

/** Replacement of a range of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

export const nameOf = (name: ModuleExportName): string => (name.type === 'Literal' ? name.value : name.name);

// Node itself loads these before a program starts.
const loadedAnyway = new Set(['node:fs', 'node:path']);

/** Returns the expression for a module of Node in the linked file. */
export function moduleName(source: string): string {
  const name = `$${source.slice('node:'.length).replaceAll('/', '_')}`;
  return loadedAnyway.has(source) ? name : `${name}()`;
}

/** Returns the statement that defines {@link moduleName} in the linked file. */
export function moduleDefinition(source: string): string {
  const name = moduleName(source);
  if (loadedAnyway.has(source)) return `const ${name} = require('${source}');`;
  return `let ${name.slice(0, -2)}_;\nconst ${name.slice(0, -2)} = () => (${name.slice(0, -2)}_ ??= require('${source}'));`;
}

/**
 * Returns edits that remove a chunk's imports from modules of Node and replace each use of an imported name by an
 * access to the module. Most of these modules take longer to load than a whole short command, which needs few of them.
 */
export function lateImports(program: Program, imports: readonly ImportDeclaration[], chunk: string): Edit[] {
  const uses = new Map<string, string>();
  for (const { source, specifiers } of imports) {
    if (!source.value.startsWith('node:')) throw new Error(`${chunk}: imports ${source.value}`);
    for (const specifier of specifiers) {
      const module = moduleName(source.value);
      const isMember = specifier.type === 'ImportSpecifier';
      uses.set(specifier.local.name, isMember ? `${module}.${nameOf(specifier.imported)}` : module);
    }
  }
  const edits: Edit[] = imports.map(({ start, end }) => ({ start, end, by: '' }));
  const visit = (node: Node, role: Role, parent: Node | undefined): void => {
    if (node.type === 'ImportDeclaration') return;
    if (node.type === 'Identifier') {
      const by = uses.get(node.name);
      if (by === undefined || role === 'name') return;
      // Bundlers give every variable of a chunk its own name, so that no other variable can be meant.
      if (role !== 'value')
        throw new Error(`${chunk}: ${node.name} is a module's and ${parent?.type} uses it otherwise`);
      edits.push({ start: node.start, end: node.end, by: inPlaceOf(node, by, parent) });
      return;
    }
    for (const key of visitorKeys[node.type] ?? []) {
      const child = (node as unknown as Readonly<Record<string, Node | readonly (Node | null)[] | null>>)[key];
      for (const each of Array.isArray(child) ? (child as readonly (Node | null)[]) : [child as Node | null]) {
        if (each) visit(each, roleOf(node, key, role), node);
      }
    }
  };
  visit(program, 'value', undefined);
  return edits;
}

function inPlaceOf(node: Node & { readonly name: string }, by: string, parent: Node | undefined): string {
  if (parent?.type === 'Property' && parent.shorthand) return `${node.name}:${by}`;
  // Without brackets, the brackets of the call would be the arguments of `new`.
  return parent?.type === 'NewExpression' && parent.callee === node ? `(${by})` : by;
}

/** Role of an identifier at its position: a value that is used, a variable that is set, or a mere name. */
type Role = 'value' | 'target' | 'name';

function roleOf(node: Node, key: string, own: Role): Role {
  switch (node.type) {
    case 'MemberExpression':
      return key === 'property' && !node.computed ? 'name' : 'value';
    case 'Property':
      // The key of a shorthand has the position of its value.
      if (key === 'key') return node.computed ? 'value' : 'name';
      return own;
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return key === 'key' && !node.computed ? 'name' : 'value';
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return key === 'label' ? 'name' : 'value';
    case 'MetaProperty':
      return 'name';
    case 'ExportSpecifier':
      return key === 'local' ? 'target' : 'name';
    case 'VariableDeclarator':
      return key === 'id' ? 'target' : 'value';
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return key === 'params' || key === 'id' ? 'target' : 'value';
    case 'ClassDeclaration':
    case 'ClassExpression':
      return key === 'id' ? 'target' : 'value';
    case 'CatchClause':
      return key === 'param' ? 'target' : 'value';
    case 'AssignmentExpression':
    case 'AssignmentPattern':
      return key === 'left' && node.left.type !== 'MemberExpression' ? 'target' : 'value';
    case 'ObjectPattern':
    case 'ArrayPattern':
    case 'RestElement':
      return 'target';
    default:
      return 'value';
  }
}
