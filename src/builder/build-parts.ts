import type { Reference } from '../reference/index.ts';
import type { Digest } from '../spec/digest.ts';
import type { Platform } from '../spec/platform.ts';
import type { LayerMaker } from '../store/layers/types.ts';
import type { Store } from '../store/store.ts';
import type { Work } from '../store/work/types.ts';
import type { BuildContext } from './context/build-context.ts';
import type { NamedDockerfile } from './failure-location.ts';
import type { BuildNetwork } from './frontend/run-step.ts';
import type { EarlierCopies } from './ops/earlier-copies.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';
import type { LinkWorkspace, MountWorkspace, Workspace } from './ops/workspace.ts';
import type { Runner } from './runner.ts';
import type { CacheStore, SolveEvent } from './solver/types.ts';
import type { WastedBytes } from './wasted-bytes.ts';

/** A build with its context opened and its Dockerfile read. */
export interface BuildImageRequest {
  readonly context: BuildContext;
  readonly dockerfile: NamedDockerfile;
  readonly references: readonly Reference[];
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly noCache: boolean;
  /** Network of a RUN without `--network`; a RUN may request no more than this. */
  readonly network: BuildNetwork;
  readonly platform: Platform;
  readonly signal: AbortSignal;
}

/** Everything a build uses, behind small interfaces; `build` fills it in. */
export interface BuildParts {
  readonly store: Store;
  readonly work: Work;
  readonly cache: CacheStore<FilesystemResult>;
  readonly workspace: Workspace & MountWorkspace & LinkWorkspace;
  /** Undefined when a snapshot of this driver cannot amend another one. */
  readonly copies: EarlierCopies | undefined;
  readonly runner: Runner;
  readonly layerMaker: LayerMaker;
}

/** Progress of a build: the steps of the solver, then the layers and the image made of their results. */
export type BuildEvent =
  | SolveEvent<FilesystemResult>
  | { readonly type: 'warning'; readonly text: string }
  | { readonly type: 'layer'; readonly diffId: string; readonly sizeBytes: number }
  /** `kept`: the image keeps them, in `--progress json` too. */
  | ({ readonly type: 'kept' } & WastedBytes)
  | { readonly type: 'image'; readonly id: Digest; readonly references: readonly string[] };
