import { humanSize } from '../../query/units.ts';

interface Pruned {
  readonly untagged: readonly string[];
  readonly deleted: readonly string[];
}

/** Docker's list of what went; empty when nothing did. */
export function prunedImages({ untagged, deleted }: Pruned): string {
  if (untagged.length + deleted.length === 0) return '';
  const lines = [...untagged.map((name) => `untagged: ${name}`), ...deleted.map((id) => `deleted: ${id}`)];
  return `Deleted Images:\n${lines.join('\n')}\n\n`;
}

export const reclaimedSpace = (bytes: number): string => `Total reclaimed space: ${humanSize(bytes)}\n`;

/** `Deleted Containers:` and its kin, an ID a line; empty without any. */
export const prunedIds = (heading: string, ids: readonly string[]): string =>
  ids.length === 0 ? '' : `${heading}:\n${ids.join('\n')}\n\n`;

/** What could not be deleted, for stderr. */
export const notDeleted = (warnings: readonly string[]): string =>
  warnings.map((warning) => `WARNING: ${warning}\n`).join('');
