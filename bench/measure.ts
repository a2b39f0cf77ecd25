import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Measurement {
  readonly wallMs: number;
  /** User and system time of everything in the cgroup while the command ran. */
  readonly cpuMs: number;
  /** Highest sum of proportional set sizes seen (sampled every 20 ms). */
  readonly peakBytes: number;
}

const v1 = '/sys/fs/cgroup/cpuacct';

/** A place whose processes are accounted together. */
export class AccountingGroup implements Disposable {
  readonly path: string;

  constructor(name: string) {
    const base = existsSync(join(v1, 'cpuacct.usage')) ? v1 : '/sys/fs/cgroup';
    this.path = join(base, `strata-bench-${process.pid}-${name}`);
    mkdirSync(this.path, { recursive: true });
  }

  cpuMs(): number {
    const v1File = join(this.path, 'cpuacct.usage');
    if (existsSync(v1File)) return Number(readFileSync(v1File, 'utf8')) / 1e6;
    return Number(/usage_usec (\d+)/.exec(readFileSync(join(this.path, 'cpu.stat'), 'utf8'))?.[1] ?? 0) / 1e3;
  }

  memoryBytes(): number {
    let total = 0;
    for (const pid of readFileSync(join(this.path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
      try {
        total += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
      } catch {
        // The process ended between the two reads.
      }
    }
    return total;
  }

  /** The command line that runs `command` inside this group. */
  wrap(command: readonly string[]): string[] {
    return ['/bin/sh', '-c', `echo $$ > ${this.path}/cgroup.procs && exec "$@"`, 'sh', ...command];
  }

  adopt(pid: number): void {
    writeFileSync(join(this.path, 'cgroup.procs'), String(pid));
  }

  [Symbol.dispose](): void {
    try {
      rmdirSync(this.path);
    } catch {
      // Something still runs in it; the kernel drops the group with the machine.
    }
  }
}

export interface CommandOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly memory?: boolean;
}

/** Runs a command to its end; throws with its output when it fails. */
export async function measure(
  group: AccountingGroup,
  command: readonly string[],
  options: CommandOptions = {},
): Promise<Measurement> {
  const [file, ...args] = group.wrap(command);
  const cpuBefore = group.cpuMs();
  const startedAt = process.hrtime.bigint();
  const child = spawn(file as string, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  let peakBytes = 0;
  let running = true;
  const sampling = (async () => {
    while (running && options.memory === true) {
      peakBytes = Math.max(peakBytes, group.memoryBytes());
      await sleep(20);
    }
  })();
  const code = await new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject));
  const wallMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
  running = false;
  await sampling;
  if (code !== 0) throw new Error(`${command.join(' ')}: exit ${code}\n${said}`);
  return { wallMs, cpuMs: group.cpuMs() - cpuBefore, peakBytes };
}
