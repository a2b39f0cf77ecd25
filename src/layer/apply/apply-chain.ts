import { invariant } from '../../lib/invariant.ts';
import { TaskGroup } from '../../lib/task-group.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../../sys/constants.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { listFd } from '../../sys/list-at.ts';
import { removeTreeAt } from '../../sys/remove-tree.ts';
import { discardIndex, publishIndex } from '../index-file/index-writer.ts';
import type { AppliedLayer, ApplyChainRequest } from '../types.ts';
import { runLayerJob } from '../work/run-layer-job.ts';
import { runSpread } from './run-spread.ts';
import type { SpreadResult } from './spread.ts';

/**
 * Unpacks a chain of layers into their own directories, for overlayfs: all in parallel, the largest first, one core each,
 * then settled one after the other from the lowest up. The few layers that cannot be unpacked without knowing those
 * below (a path through a symlink of a lower layer, a hardlink to a lower file) are unpacked when their turn comes.
 *
 * After a failure the directories are incomplete and the caller must discard them; no new index is left.
 * Aborting waits for the current system calls and rejects with the signal's reason.
 * @throws ERR_LAYER_DIGEST_MISMATCH, ERR_LAYER_DIFF_ID_MISMATCH, ERR_LAYER_PATH_ESCAPE, ERR_LAYER_ENTRY_INVALID,
 *   ERR_LAYER_LINK_MISSING, ERR_LAYER_NO_SPACE, ERR_NEEDS_ROOT, ERR_OWNER_UNMAPPED, and the errors of
 *   decompression and tar parsing
 */
export async function applyChain(request: ApplyChainRequest): Promise<AppliedLayer[]> {
  using chain = new Chain(request);
  await using group = new TaskGroup({ signal: request.signal });
  for (const at of largestFirst(request)) group.run((signal) => chain.spread(at, signal));
  await group.join();
  return chain.publish();
}

type ChainLayer = ApplyChainRequest['layers'][number];

/** Returns the numbers of the layers, the largest first: the layer that takes longest must not start last. */
function largestFirst({ layers }: ApplyChainRequest): number[] {
  const bytes = (at: number): number => layers[at]?.source.sizeBytes ?? 0;
  return layers.map((_, at) => at).sort((a, b) => bytes(b) - bytes(a));
}

class Chain {
  readonly #request: ApplyChainRequest;
  readonly #rootless: boolean;
  /** Results by layer; undefined for a layer that has to wait for those below. */
  readonly #spread = new Map<number, SpreadResult | undefined>();
  readonly #settled: SpreadResult[] = [];
  readonly #temporary = new Set<string>();
  #isSettling = false;

  constructor(request: ApplyChainRequest) {
    this.#request = request;
    this.#rootless = request.rootless ?? false;
  }

  async spread(at: number, signal: AbortSignal): Promise<void> {
    // Below the lowest layer everything exists already.
    const below = at === 0 ? this.#request.lowerDirs : 'unknown';
    this.#spread.set(at, await this.#unpack(this.#layer(at), below, signal));
    await this.#settleNext(signal);
  }

  publish(): AppliedLayer[] {
    const { layers, sync = false } = this.#request;
    invariant(this.#settled.length === layers.length, 'all layers have been settled');
    this.#settled.forEach(({ temporaryIndex }, at) => {
      publishIndex(temporaryIndex, this.#layer(at).indexPath, { sync });
      this.#temporary.delete(temporaryIndex);
    });
    return this.#settled.map(({ layer }) => layer);
  }

  [Symbol.dispose](): void {
    for (const index of this.#temporary) discardIndex(index);
  }

  // Each unpacked layer settles all layers that have become ready; only one caller settles at a time.
  async #settleNext(signal: AbortSignal): Promise<void> {
    if (this.#isSettling) return;
    this.#isSettling = true;
    try {
      for (let at = this.#settled.length; this.#spread.has(at); at++) await this.#settle(at, signal);
    } finally {
      this.#isSettling = false;
    }
  }

  async #settle(at: number, signal: AbortSignal): Promise<void> {
    const layer = this.#layer(at);
    const lowerDirs = this.#lowerDirs(at);
    const result = this.#spread.get(at);
    if (result && (await this.#fits(layer, result, lowerDirs, signal))) {
      this.#settled.push(result);
      return;
    }
    if (result) {
      discardIndex(result.temporaryIndex);
      this.#temporary.delete(result.temporaryIndex);
    }
    empty(layer.ownDir);
    const second = await this.#unpack(layer, lowerDirs, signal);
    invariant(second, 'a layer unpacked onto those below needs no more');
    invariant(await this.#fits(layer, second, lowerDirs, signal), 'a layer unpacked onto those below fits');
    this.#settled.push(second);
  }

  async #unpack(
    { source, ownDir: directory, indexPath }: ChainLayer,
    below: readonly string[] | 'unknown',
    signal: AbortSignal,
  ): Promise<SpreadResult | undefined> {
    const { report } = this.#request;
    const result = await runSpread({ source, directory, indexPath, rootless: this.#rootless, below, report, signal });
    if (result) this.#temporary.add(result.temporaryIndex);
    return result;
  }

  #fits(
    { ownDir }: ChainLayer,
    { notes }: SpreadResult,
    lowerDirs: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    // A lookup in each layer below takes about as long as unpacking 1 KiB.
    const bytes = (notes.implied.length + notes.whiteouts.length) * lowerDirs.length * 1024;
    return runLayerJob(
      { kind: 'settle', job: { directory: ownDir, notes, lowerDirs, rootless: this.#rootless } },
      { bytes, signal },
    );
  }

  #layer(at: number): ChainLayer {
    const layer = this.#request.layers[at];
    invariant(layer, 'a layer of the chain');
    return layer;
  }

  #lowerDirs(at: number): string[] {
    const { layers, lowerDirs } = this.#request;
    return [
      ...layers
        .slice(0, at)
        .map(({ ownDir }) => ownDir)
        .reverse(),
      ...lowerDirs,
    ];
  }
}

function empty(directory: string): void {
  const fd = openAt(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
  try {
    for (const { name } of listFd(fd)) removeTreeAt(fd, name);
  } finally {
    closeFd(fd);
  }
}
