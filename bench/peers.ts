import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AccountingGroup } from './measure.ts';

/** First place a program is found: `STRATA_BENCH_<NAME>` in the environment, else PATH. */
export function program(name: string): string | undefined {
  const named = process.env[`STRATA_BENCH_${name.toUpperCase()}`];
  if (named !== undefined) return named;
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

export function version(name: string, ...args: readonly string[]): string {
  const path = program(name);
  if (path === undefined) return 'absent';
  return execFileSync(path, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0] ?? '';
}

export interface Docker extends AsyncDisposable {
  readonly group: AccountingGroup;
  /** The client's command line up to the verb. */
  readonly command: readonly string[];
}

/** A dockerd of our own with everything it keeps under `folder`; nothing of the system's is touched. */
export async function startDocker(folder: string): Promise<Docker | undefined> {
  const daemon = program('dockerd');
  const client = program('docker');
  if (daemon === undefined || client === undefined) return undefined;
  const group = new AccountingGroup('docker');
  const socket = join(folder, 'd.sock');
  mkdirSync(folder, { recursive: true });
  const args = [
    '--data-root',
    join(folder, 'data'),
    '--exec-root',
    join(folder, 'exec'),
    '-H',
    `unix://${socket}`,
    '--pidfile',
    join(folder, 'pid'),
    '--bridge',
    'none',
    '--iptables=false',
    '--cgroup-parent',
    group.path.replace(/^.*\/(?=strata-bench)/, '/'),
  ];
  const [file, ...rest] = group.wrap([daemon, ...args]);
  const path = `${join(daemon, '..')}:${join(daemon, '../../bin')}:${process.env['PATH']}`;
  const child = spawn(file as string, rest, { stdio: 'ignore', env: { ...process.env, PATH: path } });
  const command = [client, '-H', `unix://${socket}`];
  for (let attempt = 0; attempt < 100; attempt++) {
    await sleep(200);
    try {
      execFileSync(command[0] as string, [...command.slice(1), 'version'], { stdio: 'ignore' });
      break;
    } catch (error) {
      if (attempt === 99 || child.exitCode !== null) throw new Error('dockerd did not come up', { cause: error });
    }
  }
  return {
    group,
    command,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => child.on('close', resolve));
      group[Symbol.dispose]();
    },
  };
}

/** Podman's command line with a store of its own and the same runtime as everybody else. */
export function podman(folder: string): readonly string[] | undefined {
  const path = program('podman');
  if (path === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const conf = join(folder, 'containers.conf');
  writeFileSync(conf, '[containers]\ndefault_ulimits = ["nofile=1024:1024","nproc=1024:1024"]\n');
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  return [
    'env',
    `CONTAINERS_CONF=${conf}`,
    path,
    '--root',
    join(folder, 'root'),
    '--runroot',
    join(folder, 'run'),
    '--storage-driver',
    'overlay',
    '--runtime',
    'runc',
    '--cgroup-manager',
    'cgroupfs',
    '--events-backend',
    'none',
  ];
}

export const removeTree = (folder: string): void => rmSync(folder, { recursive: true, force: true });
