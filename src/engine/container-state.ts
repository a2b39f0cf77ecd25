import type { ContainerRecord } from '../metadata/containers.ts';
import type { Metadata } from '../metadata/metadata.ts';

/** A process lives in it: some live lease holds its writable layer, whatever its record says. */
export function isRunning({ objects }: Metadata, { snapshotId }: ContainerRecord): boolean {
  const row = snapshotId === undefined ? undefined : objects.find('snapshot', snapshotId);
  return row !== undefined && objects.pinners(row) > 0;
}

/** What its state says of labels and status; metadata keeps it without looking into it. */
export function stateOf({ state }: ContainerRecord): {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
} {
  const { status, labels } = state as { readonly status?: unknown; readonly labels?: Record<string, string> };
  return { status: typeof status === 'string' ? status : 'created', labels: labels ?? {} };
}
