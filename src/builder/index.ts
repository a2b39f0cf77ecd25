/**
 * Parts of `builder.build` for use on their own: a solver of cached steps, and a reader of the stages that a
 * Dockerfile's target needs.
 *
 * ```ts
 * import { definitionOf, makeVertex, Solver, stepKey } from 'strata-oci/builder';
 *
 * const definition = definitionOf('greet-v1', { name: 'world' });
 * const exec = async () => ({ identity: 'hello world' });
 * const greet = makeVertex({
 *   name: 'greet',
 *   inputs: [],
 *   op: {
 *     definition,
 *     isKeyedByDefinition: true,
 *     key: async (inputs) => ({ digest: stepKey(definition, inputs), exec }),
 *   },
 * });
 * const solver = new Solver({ cache, signal: new AbortController().signal });
 * const { identity } = await solver.solve(greet);
 * ```
 *
 * `cache` is your own implementation of `CacheStore`.
 */

export type { AbortOptions } from '../lib/abort.ts';
export type { Mount } from '../sys/mount-list.ts';
export type { OverlayMount } from '../sys/overlay-options.ts';
export type { CopyFrom, FileStep, PlannedHistory, StagePlan } from './frontend/plan-stage.ts';
export { type NeededStage, readTarget, type Target, type TargetOptions } from './frontend/read-target.ts';
export type { BuildNetwork } from './frontend/run-step.ts';
export type { RunStep } from './ops/run-op.ts';
export type { OnStepOutput, Runner, RunnerRequest, StepCommand } from './runner.ts';
export type { Log, OutputStream } from './solver/log.ts';
export { Solver, type SolverOptions } from './solver/solver.ts';
export { definitionOf, stepKey } from './solver/step-key.ts';
export type {
  Cached,
  CacheStore,
  Keyed,
  Op,
  OpContext,
  ReportSolve,
  Result,
  SavedStep,
  SolveEvent,
  StepState,
  Vertex,
} from './solver/types.ts';
export { makeVertex } from './solver/vertex.ts';
