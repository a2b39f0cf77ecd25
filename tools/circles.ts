// Finds files that import each other in a circle, by any kind of import.
import { join } from 'node:path';
import { importedFile, readImports } from './imports.ts';

/** Returns each set of files under `src/` in which every file leads to every other; the list should be empty. */
export function findCircles(root: string): string[][] {
  const imports = readImports(root);
  const neighbours = (file: string): string[] =>
    (imports.get(file) ?? []).flatMap((specifier) => {
      const target = importedFile(file, specifier);
      return specifier.startsWith('.') && imports.has(target) ? [target] : [];
    });
  return stronglyConnected([...imports.keys()], neighbours);
}

/** Returns the components with several members, or with a member that leads to itself, by Tarjan's algorithm. */
export function stronglyConnected<Node>(nodes: readonly Node[], neighbours: (node: Node) => readonly Node[]): Node[][] {
  const numbers = new Map<Node, number>();
  const lowest = new Map<Node, number>();
  const open: Node[] = [];
  const isOpen = new Set<Node>();
  const circles: Node[][] = [];
  const visit = (node: Node): number => {
    const number = numbers.size;
    numbers.set(node, number);
    open.push(node);
    isOpen.add(node);
    let low = number;
    for (const next of neighbours(node)) {
      if (!numbers.has(next)) low = Math.min(low, visit(next));
      else if (isOpen.has(next)) low = Math.min(low, numbers.get(next) ?? low);
    }
    lowest.set(node, low);
    if (low === number) {
      const component = open.splice(open.indexOf(node));
      for (const member of component) isOpen.delete(member);
      if (component.length > 1 || neighbours(node).includes(node)) circles.push(component);
    }
    return low;
  };
  for (const node of nodes) if (!numbers.has(node)) visit(node);
  return circles;
}

if (import.meta.main) {
  for (const circle of findCircles(join(import.meta.dirname, '..'))) console.log(`${circle.join('\n  ')}\n`);
}
