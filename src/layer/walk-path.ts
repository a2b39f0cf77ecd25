import { maxSymlinkHops } from '../sys/limits.ts';
import { childKey, components, invalidEntry, isDots, maxPathBytes, parentKey, pathKey } from './tree-path.ts';

// The kernel's limit of 40 symlinks is not enough: 40 targets of 2000 components each, for every entry, would take a day.
export const maxComponents = 10_000;

const slash = 0x2f;

/**
 * Looks at the next component, by the key of its directory and its own. Returns undefined for a directory, which is
 * entered, the target of a symlink, or `blocked` for anything else.
 */
export type StepInto = (directory: string, name: Uint8Array, key: string) => Uint8Array | undefined | 'blocked';

/**
 * Returns the key of the directory to which `parent`, the path of an entry's directory, leads inside the root: symlinks
 * are followed, `..` stops at the root. Undefined when a component is blocked. `path` is the entry's, for messages.
 * @throws ERR_LAYER_ENTRY_INVALID for a walk that is too long, and the error of `step`
 */
export function walkPath(parent: Uint8Array, path: Uint8Array, step: StepInto): string | undefined {
  const rest = components(parent).reverse();
  let at = '';
  let hops = 0;
  let count = 0;
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (++count > maxComponents) throw invalidEntry(path, 'leads through too many directories');
    if (isDots(name, 1)) continue;
    if (isDots(name, 2)) {
      at = parentKey(at);
      continue;
    }
    const key = childKey(at, pathKey(name));
    if (key.length > maxPathBytes) throw invalidEntry(path, `leads to a path of more than ${maxPathBytes} bytes`);
    const target = step(at, name, key);
    if (target === 'blocked') return undefined;
    if (target === undefined) {
      at = key;
      continue;
    }
    if (++hops > maxSymlinkHops) throw invalidEntry(path, 'leads through too many symlinks');
    if (target[0] === slash) at = '';
    rest.push(...components(target).reverse());
  }
  return at;
}
