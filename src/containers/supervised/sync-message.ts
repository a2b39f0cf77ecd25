/** A line of JSON from conmon about the process it was to start. */
export interface SyncMessage {
  /** The process's number, or its exit code; negative or 0 for a failure. */
  readonly data?: number;
  readonly message?: string;
}

/**
 * Parses a line; returns `{}` for an incomplete one: it has not arrived in full, or conmon was killed while it wrote.
 */
export function parseSyncMessage(line: string): SyncMessage {
  try {
    return JSON.parse(line) as SyncMessage;
  } catch {
    return {};
  }
}
