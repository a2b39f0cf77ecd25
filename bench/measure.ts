import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountingGroup } from './accounting-group.ts';

export interface Measurement {
  readonly wallMs: number;
  /** User and system time of all processes in the group, also after the command's end. */
  readonly cpuMs: number;
  /** Highest sampled sum of resident sizes; undefined when memory was not sampled. */
  readonly peakBytes: number | undefined;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
}

export interface MeasureOptions extends CommandOptions {
  /** Samples memory every few milliseconds, which takes processor time from the command. */
  readonly memory?: boolean;
  /** Kills the command and its process group. */
  readonly signal?: AbortSignal;
}

const longestMs = 20 * 60_000;
const sampleMs = 5;
const keptOutput = 4000;

// Joins the group ($1) and mounts it ($2, by way of $3) in place of its hierarchy ($4). The old mount must not stay
// below, because runtimes take the first they find. Then waits for a line.
const standInGroup = `
echo $$ >"$1/cgroup.procs"; shift
exec unshare --mount /bin/sh -ec '
  mount --bind "$1" "$2"; umount --lazy "$3"; mount --move "$2" "$3"; shift 3
  printf r >&3; read -r line; exec "$@" </dev/null 3>&-
' sh "$@"`;

/**
 * Prepares a command: its process has joined the group and waits; `go()` runs the command. So a measurement does not
 * include the preparation.
 */
export async function prepareCommand(
  group: AccountingGroup,
  command: readonly string[],
  { env, output }: CommandOptions & { readonly output: 'pipe' | 'ignore' },
): Promise<{ readonly child: ChildProcess; go(): void }> {
  const { leaf, path, stage, mountPoint } = group;
  const child = spawn('/bin/sh', ['-ec', standInGroup, 'sh', leaf, path, stage, mountPoint, ...command], {
    stdio: ['pipe', output, output, 'pipe'],
    env: { ...process.env, ...env },
    detached: true,
  });
  const ready = child.stdio[3] as Readable;
  await Promise.race([
    once(ready, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${command[0]}: did not get as far as starting`))),
  ]);
  return { child, go: () => void child.stdin?.end('\n') };
}

/** Runs a command to its end and measures it. Rejects with its output when it fails, and after 20 minutes. */
export async function measure(
  group: AccountingGroup,
  command: readonly string[],
  options: MeasureOptions = {},
): Promise<Measurement> {
  options.signal?.throwIfAborted();
  const { child, go } = await prepareCommand(group, command, { ...options, output: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-keptOutput)));
  }
  const stop = AbortSignal.any([AbortSignal.timeout(longestMs), ...(options.signal ? [options.signal] : [])]);
  const kill = (): void => void process.kill(-(child.pid ?? 0), 'SIGKILL');
  stop.addEventListener('abort', kill, { once: true });

  const sampler = new MemorySampler(group);
  const cpuBefore = group.cpuMs();
  const startedAt = process.hrtime.bigint();
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  go();
  if (options.memory === true) sampler.start();
  const [code, killedBy] = await ended;
  const wallMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
  const peakBytes = sampler.stop();
  stop.removeEventListener('abort', kill);
  stop.throwIfAborted();
  await group.quiet();
  if (code !== 0) throw new Error(`exit ${code ?? killedBy}: ${said.trim()}`);
  return { wallMs, cpuMs: group.cpuMs() - cpuBefore, peakBytes };
}

class MemorySampler {
  readonly #group: AccountingGroup;
  #timer: NodeJS.Timeout | undefined;
  #peak: number | undefined;

  constructor(group: AccountingGroup) {
    this.#group = group;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#peak = Math.max(this.#peak ?? 0, this.#group.memoryBytes());
    }, sampleMs);
  }

  stop(): number | undefined {
    clearInterval(this.#timer);
    return this.#peak;
  }
}

/** Ends a process by SIGTERM, after `patienceMs` by SIGKILL, and waits for its end. */
export async function end(child: ChildProcess, patienceMs = 20_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  if ((await Promise.race([ended, sleep(patienceMs, 'late')])) === 'late') child.kill('SIGKILL');
  await ended;
}
