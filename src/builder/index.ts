export type { AbortOptions } from '../lib/abort.ts';
export type { Mount } from '../sys/mount-list.ts';
export type { OverlayMount } from '../sys/overlay-options.ts';
export type { CopyFrom, FileStep, PlannedHistory, StagePlan } from './frontend/plan-stage.ts';
export { type NeededStage, readTarget, type Target, type TargetOptions } from './frontend/read-target.ts';
export type { BuildNetwork } from './frontend/run-step.ts';
export type { RunStep } from './ops/run-op.ts';
export type { OnOutput, Runner, RunRequest, StepCommand } from './runner.ts';
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
