import { type ForegroundOptions, type ForegroundPlan, runForeground } from '../containers/attended/foreground.ts';
import { SharedBinds } from '../containers/mounts/shared-binds.ts';
import { unshareMounts } from '../sys/unshare.ts';

let isUnshared = false;

/** `runForeground` on this thread, which has a mount namespace of its own from the first time on: for our own command. */
export async function runOnOwnThread(plan: ForegroundPlan, options: ForegroundOptions): Promise<number> {
  using binds = SharedBinds.take(plan.options.mounts, plan.bundle);
  if (!isUnshared) unshareMounts();
  isUnshared = true;
  return await runForeground(plan, binds, options);
}
