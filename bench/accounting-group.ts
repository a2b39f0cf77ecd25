import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const unified = '/sys/fs/cgroup';
const isUnified = existsSync(join(unified, 'cgroup.controllers'));

let count = 0;

/**
 * A cgroup whose processes are accounted together. Commands see it as the top of the hierarchy, so that the cgroups of
 * containers that they start are inside and counted too.
 */
export class AccountingGroup implements AsyncDisposable {
  readonly path: string;
  /** Mount point of the hierarchy that this group replaces for its commands. */
  readonly mountPoint: string;
  /** Group of the processes: in cgroup v2 a group that passes controllers on may have no processes itself. */
  readonly leaf: string;
  /** An empty folder, a temporary mount point while the hierarchy is replaced. */
  readonly stage: string;

  constructor(name: string) {
    this.mountPoint = isUnified ? unified : realpathSync('/sys/fs/cgroup/cpuacct');
    this.path = join(this.mountPoint, `strata-bench-${process.pid}-${count++}-${name.replace(/[^a-z0-9]+/gi, '-')}`);
    this.leaf = isUnified ? join(this.path, 'commands') : this.path;
    mkdirSync(this.leaf, { recursive: true });
    this.stage = mkdtempSync(join(tmpdir(), 'strata-bench-stage-'));
  }

  /** Returns the user and system time of all processes so far, ended ones included. */
  cpuMs(): number {
    if (!isUnified) return Number(readFileSync(join(this.path, 'cpuacct.usage'), 'utf8')) / 1e6;
    return Number(/usage_usec (\d+)/.exec(readFileSync(join(this.path, 'cpu.stat'), 'utf8'))?.[1]) / 1e3;
  }

  /**
   * Returns the sum of the resident sizes of all processes now. Shared pages count once for each process: proportional
   * sizes would favour contenders that share pages with the Node of the bench.
   */
  memoryBytes(): number {
    let pages = 0;
    for (const pid of this.processes()) {
      try {
        pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
      } catch {
        // The process ended between the two reads.
      }
    }
    return pages * 4096;
  }

  /** Waits, at most five seconds, until no process runs in the group or all are idle. */
  async quiet(): Promise<void> {
    for (let attempt = 0; attempt < 25 && this.processes().length > 0; attempt++) {
      const before = this.cpuMs();
      await sleep(200);
      if (this.cpuMs() - before < 1) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.quiet();
    rmdirSync(this.stage);
    for (const folder of this.#folders().reverse()) {
      try {
        rmdirSync(folder);
      } catch {
        // A process still runs in it. A cgroup left behind does no harm.
      }
    }
  }

  /** Returns the folders of this group and of those inside, parents first. */
  #folders(): string[] {
    const found = [this.path];
    // The loop also visits the folders that it adds.
    for (const folder of found) {
      try {
        const inside = readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory());
        found.push(...inside.map((it) => join(folder, it.name)));
      } catch {
        // A container has ended, and its group is removed.
      }
    }
    return found;
  }

  /** Returns the IDs of all processes in the group. */
  processes(): string[] {
    return this.#folders().flatMap((folder) => {
      try {
        return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
      } catch {
        // A container has ended, and its group is removed.
        return [];
      }
    });
  }
}
