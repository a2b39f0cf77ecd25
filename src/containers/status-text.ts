import { humanDuration } from '../query/units.ts';
import { type ContainerState, dockerStatus } from './state.ts';

/** Returns docker's column STATUS: `Up 3 seconds`, `Exited (0) 2 minutes ago`. `now` in milliseconds since 1970. */
export function statusText(state: ContainerState, now: number): string {
  const since = (time: number | undefined): string => humanDuration(now - (time ?? now));
  switch (dockerStatus(state)) {
    case 'running':
      return `Up ${since(state.startedAt)}`;
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'exited':
      return `Exited (${state.exitCode ?? 0}) ${since(state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
  }
}
