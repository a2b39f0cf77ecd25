import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const unified = '/sys/fs/cgroup';
const isUnified = existsSync(join(unified, 'cgroup.controllers'));

let made = 0;

/**
 * A cgroup whose processes are accounted together. Commands see it as the top of the hierarchy, so that containers
 * they start in cgroups of their own are inside and counted too.
 */
export class AccountingGroup implements AsyncDisposable {
  readonly path: string;
  /** Where the hierarchy is mounted that this group is to stand for. */
  readonly mountPoint: string;
  /** Where processes go: in cgroup v2 a group that hands controllers on may have none itself. */
  readonly leaf: string;
  /** An empty folder, needed for a moment to mount over. */
  readonly stage: string;

  constructor(name: string) {
    this.mountPoint = isUnified ? unified : realpathSync('/sys/fs/cgroup/cpuacct');
    this.path = join(this.mountPoint, `strata-bench-${process.pid}-${made++}-${name.replace(/[^a-z0-9]+/gi, '-')}`);
    this.leaf = isUnified ? join(this.path, 'commands') : this.path;
    mkdirSync(this.leaf, { recursive: true });
    this.stage = mkdtempSync(join(tmpdir(), 'strata-bench-stage-'));
  }

  /** User and system time so far of all processes there were. */
  cpuMs(): number {
    if (!isUnified) return Number(readFileSync(join(this.path, 'cpuacct.usage'), 'utf8')) / 1e6;
    return Number(/usage_usec (\d+)/.exec(readFileSync(join(this.path, 'cpu.stat'), 'utf8'))?.[1]) / 1e3;
  }

  /**
   * Sum of the resident sizes of all processes now. Pages that several share count several times: proportional sizes
   * would flatter whoever runs on the Node that measures.
   */
  memoryBytes(): number {
    let pages = 0;
    for (const pid of this.processes()) {
      try {
        pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
      } catch {
        // It ended between the two reads.
      }
    }
    return pages * 4096;
  }

  /** Waits until nothing runs here any more, or what runs has nothing to do; five seconds at most. */
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
        // Something still runs in it: the empty shell of a group does no harm.
      }
    }
  }

  /** This group and those inside, parents first. */
  #folders(): string[] {
    const found = [this.path];
    // What is found on the way is looked into as well.
    for (const folder of found) {
      try {
        const inside = readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory());
        found.push(...inside.map((it) => join(folder, it.name)));
      } catch {
        // The group of a container that is gone.
      }
    }
    return found;
  }

  /** The numbers of all processes in it. */
  processes(): string[] {
    return this.#folders().flatMap((folder) => {
      try {
        return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
      } catch {
        // The group of a container that is gone.
        return [];
      }
    });
  }
}
