import { type LogEntry, readLog } from '../../containers/log-file.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { lookUp } from './look-up.ts';
import { type ContainerParts, logPathOf } from './parts.ts';

/** What a container has written so far, in order. Throws ERR_CONTAINER_NOT_FOUND. */
export async function* containerLogs(
  parts: ContainerParts,
  name: string,
  options: AbortOptions = {},
): AsyncGenerator<LogEntry> {
  const { id } = await lookUp(parts, name, options);
  yield* readLog(logPathOf(parts.layout, id), options);
}
