import { completeHistory } from '../images/history.ts';
import type { HistoryEntry, ImageConfig } from '../spec/config.ts';
import type { Platform } from '../spec/platform.ts';
import type { StagePlan } from './frontend/plan-stage.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';

/** Plans of an image's stages together, from the one on the base image up to the target. */
export interface BuiltPlan extends Pick<StagePlan, 'config' | 'author' | 'history'> {
  /** Time of everything the build creates, in seconds since 1970; undefined for the clock's. */
  readonly sourceDateEpoch: number | undefined;
}

/** Returns the image's config: the base's with the changes of the plan and the history of the steps. */
export function assembleConfig(
  base: ImageConfig,
  plan: BuiltPlan,
  results: readonly FilesystemResult[],
  platform: Platform,
): ImageConfig {
  const history = [...completeHistory(base), ...historyOf(plan, results, base)];
  const created = history.at(-1)?.created ?? base.created;
  // These describe how the base was made.
  const { comment: _comment, docker_version: _version, ...inherited } = base;
  return {
    ...inherited,
    architecture: platform.architecture,
    os: platform.os,
    ...(created === undefined ? {} : { created }),
    ...(plan.author === undefined ? {} : { author: plan.author }),
    config: plan.config,
    history,
  };
}

/**
 * Returns the history of the steps. The time of a step is when its work was done, also for a cached one. An instruction
 * without a layer takes the time of the step before it, else of the first step, else of the base, as in BuildKit. So
 * the same build gives the same image ID for as long as its steps are cached. SOURCE_DATE_EPOCH replaces all these
 * times.
 */
function historyOf(plan: BuiltPlan, results: readonly FilesystemResult[], base: ImageConfig): HistoryEntry[] {
  const before = base.history.findLast(({ created }) => created !== undefined)?.created ?? base.created;
  const [first] = results;
  const fixed = plan.sourceDateEpoch === undefined ? undefined : isoTime(plan.sourceDateEpoch * 1000);
  let created = first === undefined ? (before ?? isoTime(Date.now())) : isoTime(first.createdAt);
  let at = 0;
  return plan.history.map(({ createdBy, step }) => {
    const result = step === undefined ? undefined : results[at++];
    if (result !== undefined) created = isoTime(result.createdAt);
    const entry = { created: fixed ?? created, created_by: createdBy, comment: 'strata.dockerfile.v0' };
    return step === undefined ? { ...entry, empty_layer: true } : entry;
  });
}

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('.000Z', 'Z');
