import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import { randomHex } from '../../../sys/random-hex.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';

/** Records the events of a process that joins a container: its start, and its end while a caller waits for it. */
export class ExecEvents {
  readonly #metadata: Metadata;
  readonly #record: ContainerRecord;
  readonly #commandText: string;
  readonly #execID = randomHex(32);

  constructor(metadata: Metadata, record: ContainerRecord, command: readonly string[]) {
    this.#metadata = metadata;
    this.#record = record;
    this.#commandText = command.join(' ');
  }

  /** Records the start. As with docker, also for a process that then cannot start. */
  async begin(): Promise<void> {
    const attributes = { execID: this.#execID };
    await noteContainerEvent(
      this.#metadata,
      this.#record,
      { action: `exec_create: ${this.#commandText}`, attributes },
      { action: `exec_start: ${this.#commandText}`, attributes },
    );
  }

  /** Resolves as `end` does, once the end is recorded. */
  end(end: Promise<number>): Promise<number> {
    const recorded = this.#recordEnd(end);
    recorded.catch(() => undefined);
    return recorded;
  }

  async #recordEnd(end: Promise<number>): Promise<number> {
    const exitCode = await end;
    const attributes = { execID: this.#execID, exitCode: String(exitCode) };
    await noteContainerEvent(this.#metadata, this.#record, { action: 'exec_die', attributes });
    return exitCode;
  }
}
