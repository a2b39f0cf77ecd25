export {
  type FileStep,
  type PlannedHistory,
  type PlanOptions,
  readTarget,
  type StagePlan,
  type TargetStage,
} from './frontend/plan-stage.ts';
export { Solver, type SolverOptions, stepKey } from './solver/solver.ts';
export type { CacheMap, CacheStore, Op, OpContext, Result, SolveEvent, StepState, Vertex } from './solver/types.ts';
