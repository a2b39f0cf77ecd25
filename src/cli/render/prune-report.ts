import { humanSize } from '../../query/units.ts';

interface Pruned {
  readonly untagged: readonly string[];
  readonly deleted: readonly string[];
}

/** Formats docker's list of removed images and names; empty without any. */
export function formatDeletedImages({ untagged, deleted }: Pruned): string {
  if (untagged.length + deleted.length === 0) return '';
  const lines = [...untagged.map((name) => `untagged: ${name}`), ...deleted.map((id) => `deleted: ${id}`)];
  return `Deleted Images:\n${lines.join('\n')}\n\n`;
}

export const formatReclaimedSpace = (bytes: number): string => `Total reclaimed space: ${humanSize(bytes)}\n`;

/** Formats a list such as `Deleted Containers:`, an ID a line; empty without any. */
export const formatDeletedIds = (heading: string, ids: readonly string[]): string =>
  ids.length === 0 ? '' : `${heading}:\n${ids.join('\n')}\n\n`;

/** Formats the objects that could not be deleted, for standard error. */
export const formatWarnings = (warnings: readonly string[]): string =>
  warnings.map((warning) => `WARNING: ${warning}\n`).join('');
