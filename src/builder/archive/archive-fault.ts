import { isStrataError, type StrataError } from '../../errors/index.ts';

// Codes of failures of the machine or the store, not of the archive.
const notOfArchives = /_(?:NO_SPACE|ENTRY_FAILED|WORKER_DIED|TOOL_MISSING|NO_DECODER)$/;

/** True when the archive itself is at fault: it is damaged, hostile, or in a form that cannot be read. */
export const isArchiveFault = (error: unknown): error is StrataError =>
  isStrataError(error) &&
  (error.kind === 'corrupt' || /^ERR_(?:ARCHIVE|COMPRESSION|LAYER|TAR)_/.test(error.code)) &&
  !notOfArchives.test(error.code);

/** Returns the message with `archive entry` for `layer entry`: errors of the unpacked tree are worded for layers. */
export const archiveMessage = ({ message }: StrataError): string => message.replace(/^layer entry /, 'archive entry ');
