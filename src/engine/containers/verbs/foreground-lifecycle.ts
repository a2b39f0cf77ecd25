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

/** What is written down of a container that its command runs by itself: its start, its end with what its run held, and that it goes. */
export class ForegroundLifecycle {
  readonly #store: Store;
  readonly #container: RecordedContainer;
  readonly #isRemoved: boolean;
  #startedAt: number | undefined;
  #told: Promise<void> = Promise.resolve();
  #end: ContainerEnd = { exitCode: unknownExitCode };

  constructor(store: Store, container: RecordedContainer, { remove }: { readonly remove: boolean }) {
    this.#store = store;
    this.#container = container;
    this.#isRemoved = remove;
  }

  /** Its process runs. */
  start(): void {
    this.#startedAt = Date.now();
    this.#told = this.#tellStart(this.#startedAt);
    this.#told.catch(() => undefined);
  }

  /** One that never ran is what it was when it was made. */
  async end(how: ContainerEnd): Promise<void> {
    this.#end = { ...how, finishedAt: Date.now() };
    await clearRun({ store: this.#store, id: this.#container.id, supervisor: undefined });
    await this.#told;
    if (this.#isRemoved) return;
    const change = (state: ContainerState): ContainerState =>
      toEndedState({ ...state, startedAt: this.#startedAt }, this.#end);
    await changeState(this.#store.metadata, this.#container.id, change, {
      happened: this.#happened(),
      freesSpace: true,
    });
  }

  async fail(error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    await this.end({ exitCode: exitCodeOfStart(error), error: why });
  }

  /** Its end is told in the transaction from which on it is to go. */
  async discard(lease: Lease): Promise<void> {
    const { layout } = this.#store;
    await discardContainer(this.#store, this.#container, { lease, happened: this.#happened(), end: this.#end });
    reportExit(exitsOf(layout), this.#container.id, this.#end.exitCode ?? unknownExitCode);
  }

  #happened(): readonly ContainerEvent[] {
    return this.#startedAt === undefined ? [] : [dieEvent(this.#startedAt, this.#end)];
  }

  /** Waits for its turn, unlike a note: an end without a beginning would be told otherwise. */
  async #tellStart(startedAt: number): Promise<void> {
    const happened = ['attach', 'start'].map((action) => ({ action, time: startedAt }));
    const change = (state: ContainerState): ContainerState => ({ ...state, startedAt });
    try {
      await changeState(this.#store.metadata, this.#container.id, change, { happened, skipFlush: true });
    } catch (error) {
      // As on a full disk: it runs all the same.
      if (!isStrataError(error)) throw error;
    }
  }
}
