import { type ContainerEnd, type ContainerState, toEndedState } from '../../../containers/state.ts';
import { reportExit } from '../../../containers/supervised/exits.ts';
import { isStrataError } from '../../../errors/index.ts';
import type { Lease } from '../../../ledger/types.ts';
import { exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import type { ContainerEvent } from '../../events/container-event.ts';
import type { RecordedContainer } from '../create/create.ts';
import { changeState } from '../state/change-state.ts';
import { discardContainer } from '../state/discard.ts';
import { exitCodeOfStart } from '../state/failures.ts';
import { dieEvent, unknownExitCode } from '../state/recover.ts';
import { clearRun } from '../state/run-resources.ts';

/** Records the life of a container that a command runs in the foreground: its start, its end with its resources, its removal. */
export class ForegroundLifecycle {
  readonly #store: Store;
  readonly #container: RecordedContainer;
  readonly #isRemoved: boolean;
  #startedAt: number | undefined;
  #startRecorded: Promise<void> = Promise.resolve();
  #end: ContainerEnd = { exitCode: unknownExitCode };

  constructor(store: Store, container: RecordedContainer, { remove }: { readonly remove: boolean }) {
    this.#store = store;
    this.#container = container;
    this.#isRemoved = remove;
  }

  /** Records the start. Called once the process runs. */
  start(): void {
    this.#startedAt = Date.now();
    this.#startRecorded = this.#recordStart(this.#startedAt);
    this.#startRecorded.catch(() => undefined);
  }

  /** Records the end. A container that never ran goes back to the state `created`. */
  async end(how: ContainerEnd): Promise<void> {
    this.#end = { ...how, finishedAt: Date.now() };
    await clearRun({ store: this.#store, id: this.#container.id, supervisor: undefined });
    await this.#startRecorded;
    if (this.#isRemoved) return;
    const change = (state: ContainerState): ContainerState =>
      toEndedState({ ...state, startedAt: this.#startedAt }, this.#end);
    await changeState(this.#store.metadata, this.#container.id, change, {
      happened: this.#endEvents(),
      freesSpace: true,
    });
  }

  /** Records the end by an error. */
  async fail(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    await this.end({ exitCode: exitCodeOfStart(error), error: message });
  }

  /** Removes the container. Its end is recorded in the transaction that begins the removal. */
  async discard(lease: Lease): Promise<void> {
    const { layout } = this.#store;
    await discardContainer(this.#store, this.#container, { lease, happened: this.#endEvents(), end: this.#end });
    reportExit(exitsOf(layout), this.#container.id, this.#end.exitCode ?? unknownExitCode);
  }

  #endEvents(): readonly ContainerEvent[] {
    return this.#startedAt === undefined ? [] : [dieEvent(this.#startedAt, this.#end)];
  }

  /** Waits for other writers, unlike volatile events: otherwise an end could be recorded without its start. */
  async #recordStart(startedAt: number): Promise<void> {
    const happened = ['attach', 'start'].map((action) => ({ action, time: startedAt }));
    const change = (state: ContainerState): ContainerState => ({ ...state, startedAt });
    try {
      await changeState(this.#store.metadata, this.#container.id, change, { happened, skipFlush: true });
    } catch (error) {
      // On a full disk, for example, the container runs all the same.
      if (!isStrataError(error)) throw error;
    }
  }
}
