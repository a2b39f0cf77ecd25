import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import { randomHex } from '../../../sys/random-hex.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';

/** Tells of a process that joins a container: of its start, and of its end as long as somebody waits for it. */
export class ExecEvents {
  readonly #metadata: Metadata;
  readonly #record: ContainerRecord;
  readonly #words: string;
  readonly #execID = randomHex(32);

  constructor(metadata: Metadata, record: ContainerRecord, command: readonly string[]) {
    this.#metadata = metadata;
    this.#record = record;
    this.#words = command.join(' ');
  }

  /** As with docker, also of one that then cannot start. */
  async begin(): Promise<void> {
    const attributes = { execID: this.#execID };
    await noteContainerEvent(
      this.#metadata,
      this.#record,
      { action: `exec_create: ${this.#words}`, attributes },
      { action: `exec_start: ${this.#words}`, attributes },
    );
  }

  /** Resolves as `end` does, once it is told. */
  end(end: Promise<number>): Promise<number> {
    const told = this.#tellEnd(end);
    told.catch(() => undefined);
    return told;
  }

  async #tellEnd(end: Promise<number>): Promise<number> {
    const exitCode = await end;
    const attributes = { execID: this.#execID, exitCode: String(exitCode) };
    await noteContainerEvent(this.#metadata, this.#record, { action: 'exec_die', attributes });
    return exitCode;
  }
}
