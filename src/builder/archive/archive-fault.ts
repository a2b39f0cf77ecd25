import { isStrataError, type StrataError } from '../../errors/index.ts';

// These say that the machine or the store failed, whatever the archive is like.
const notOfArchives = /_(?:NO_SPACE|ENTRY_FAILED|WORKER_DIED|TOOL_MISSING|NO_DECODER)$/;

/** True when the archive itself is at fault: it is damaged, hostile, or of a form that cannot be read. */
export const isArchiveFault = (error: unknown): error is StrataError =>
  isStrataError(error) &&
  (error.kind === 'corrupt' || /^ERR_(?:ARCHIVE|COMPRESSION|LAYER|TAR)_/.test(error.code)) &&
  !notOfArchives.test(error.code);

/** Returns the message for an archive that is no layer: the tree that it went into words its refusals for layers. */
export const archiveMessage = ({ message }: StrataError): string => message.replace(/^layer entry /, 'archive entry ');
