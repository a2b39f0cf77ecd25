export {
  type FileStep,
  type PlannedHistory,
  type PlanOptions,
  readTarget,
  type StagePlan,
  type TargetStage,
} from './frontend/plan-stage.ts';
export type { OnOutput, OutputStream, Runner, RunRequest } from './runner.ts';
export { Solver, type SolverOptions, stepKey } from './solver/solver.ts';
export type { CacheMap, CacheStore, Op, OpContext, Result, SolveEvent, StepState, Vertex } from './solver/types.ts';
export type { Log } from './step-log.ts';
