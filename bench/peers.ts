import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { layoutOf } from '../src/store/layout.ts';
import { AccountingGroup } from './accounting-group.ts';
import { findBuildx } from './buildx.ts';
import type { Arena } from './contest.ts';
import { end, stand } from './measure.ts';

/** Where a program is: `STRATA_BENCH_<NAME>` in the environment, else on PATH. */
export const program = (name: string): string | undefined => programs(name)[0];

function programs(name: string, beside: readonly string[] = []): string[] {
  const named = process.env[`STRATA_BENCH_${name.toUpperCase()}`];
  if (named !== undefined) return [named];
  return [...(process.env['PATH'] ?? '').split(':'), ...beside]
    .map((folder) => join(folder, name))
    .filter((path) => existsSync(path));
}

/** The published command, up to the verb; `STRATA_BENCH_STRATA` names that of another build. */
export const strata: readonly string[] = [
  process.execPath,
  process.env['STRATA_BENCH_STRATA'] ?? join(import.meta.dirname, '../dist/cli/strata.cjs'),
];

/** {@link strata} with a store of its own in the arena; what it keeps of containers elsewhere goes with that. */
export function strataIn({ folder, atEnd }: Pick<Arena, 'folder' | 'atEnd'>): readonly string[] {
  const root = join(realpathSync(folder), 'strata');
  atEnd.defer(() => removeTree(layoutOf(root).run));
  return [...strata, '--root', root];
}

/** First line of what a program says about its version. */
export function version(name: string): string {
  const path = program(name);
  if (path === undefined) return `${name} absent`;
  try {
    const [line = ''] = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).split('\n');
    return line.startsWith(name) ? line : `${name} ${line}`;
  } catch {
    return `${name} of unknown version`;
  }
}

/** Sets a contender up: runs a command to its end, in a mount namespace of its own so that no mount stays behind. */
export function setUp(command: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return execFileSync('unshare', ['--mount', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

export interface Docker extends AsyncDisposable {
  readonly group: AccountingGroup;
  /** The client's command line up to the verb. */
  readonly command: readonly string[];
  readonly version: string;
  /** The same of a client that builds with BuildKit, and its part of the environment; undefined when none is found. */
  readonly buildx: { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> } | undefined;
}

/** A dockerd of our own with everything it keeps under `folder`; nothing of the system's is touched. */
export async function startDocker(folder: string): Promise<Docker | undefined> {
  const daemon = program('dockerd');
  if (daemon === undefined) return undefined;
  // Unpacked somewhere, a docker has its client, containerd and runtime beside its daemon.
  const beside = [dirname(daemon), join(dirname(daemon), '../bin')];
  const clients = programs('docker', beside);
  const [client] = clients;
  if (client === undefined) return undefined;
  await using stack = new AsyncDisposableStack();
  const group = stack.use(new AccountingGroup('docker'));
  mkdirSync(folder, { recursive: true });
  const socket = `unix://${join(folder, 'd.sock')}`;
  const line = [
    daemon,
    `--host=${socket}`,
    `--pidfile=${join(folder, 'pid')}`,
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    '--bridge=none',
    '--iptables=false',
  ];
  const path = [...beside, process.env['PATH']].join(':');
  const { child, go } = await stand(group, line, { env: { PATH: path }, output: 'ignore' });
  stack.defer(() => end(child));
  go();
  const command = [client, '--host', socket];
  const found = findBuildx(clients, folder);
  const buildx = found && { command: [found.path, '--host', socket], env: found.env };
  const version = await answer(
    [...command, 'version', '--format', '{{.Server.Version}}'],
    () => child.exitCode === null,
  );
  const owned = stack.move();
  return { group, command, version, buildx, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Asks until there is an answer, for twenty seconds. */
async function answer(command: readonly string[], isAlive: () => boolean): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    await sleep(200);
    try {
      return setUp(command).trim();
    } catch (error) {
      if (attempt === 100 || !isAlive()) throw new Error('dockerd did not come up', { cause: error });
    }
  }
}

/** Podman's command line with a store of its own and the same runtime as everybody else. */
export function podman(
  folder: string,
): { readonly command: readonly string[]; readonly env: Record<string, string> } | undefined {
  const path = program('podman');
  if (path === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const conf = join(folder, 'containers.conf');
  // Its default limits are above what a machine may allow.
  writeFileSync(conf, '[containers]\ndefault_ulimits = ["nofile=1024:1024","nproc=1024:1024"]\n');
  const command = [
    path,
    `--root=${join(folder, 'root')}`,
    `--runroot=${join(folder, 'run')}`,
    '--storage-driver=overlay',
    '--runtime=runc',
    '--cgroup-manager=cgroupfs',
    '--events-backend=none',
  ];
  return { command, env: { CONTAINERS_CONF: conf } };
}

export const removeTree = (folder: string): void => rmSync(folder, { recursive: true, force: true });
