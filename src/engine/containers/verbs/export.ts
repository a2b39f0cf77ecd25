import { markOutputFailures } from '../../../images/caller-failures.ts';
import type { WriteBytes } from '../../../images/save/archive-writer.ts';
import { checkOutputPath, writeOutputFile } from '../../../images/save/output-file.ts';
import { archiveTree } from '../../../layer/diff/archive-tree.ts';
import { invariant } from '../../../lib/invariant.ts';
import type { WorkControl } from '../../../lib/work-control.ts';
import type { Store } from '../../../store/store.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';
import { readWhilePresent } from '../files/read-race.ts';
import { findContainer } from '../state/find-container.ts';
import type { ExportEvent, ExportRequest, ExportResult } from './export-types.ts';

const reportEvery = 4 << 20;

/**
 * Writes a container's files as one tar, parents first and in byte order, so that the same tree gives the same tar. Reads
 * through a detached mount, which ends with this process.
 */
export async function exportContainer(
  { metadata, trees }: Store,
  name: string,
  { output }: ExportRequest,
  { report, signal }: WorkControl<ExportEvent>,
): Promise<ExportResult> {
  if (typeof output === 'string') checkOutputPath(output, 'export container');
  const record = findContainer(metadata.containers, name);
  const { id, snapshotId } = record;
  invariant(snapshotId !== undefined, 'a container has a writable layer');
  let sizeBytes = 0;
  let reported = 0;
  const archive = async (write: WriteBytes): Promise<void> => {
    await using tree = await trees.open(snapshotId, { access: 'read', signal });
    await archiveTree({
      directory: tree.path,
      sink: async (chunk) => {
        await write(chunk);
        sizeBytes += chunk.length;
        if (sizeBytes - reported < reportEvery) return;
        reported = sizeBytes;
        report({ type: 'archive', offset: sizeBytes });
      },
      signal,
    });
  };
  const archiveWhole = (write: WriteBytes): Promise<void> =>
    readWhilePresent(metadata.containers, id, () => archive(write));
  if (typeof output === 'string') await writeOutputFile(output, archiveWhole);
  else await archiveWhole(markOutputFailures(output));
  await noteContainerEvent(metadata, record, { action: 'export' });
  return { sizeBytes };
}
