import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { layoutOf } from '../src/store/layout.ts';
import { AccountingGroup } from './accounting-group.ts';
import { findBuildx } from './buildx.ts';
import type { Arena } from './contest.ts';
import { end, prepareCommand } from './measure.ts';

/** Returns the path of a program: `STRATA_BENCH_<NAME>` in the environment, else on PATH. */
export const program = (name: string): string | undefined => programs(name)[0];

function programs(name: string, beside: readonly string[] = []): string[] {
  const named = process.env[`STRATA_BENCH_${name.toUpperCase()}`];
  if (named !== undefined) return [named];
  return [...(process.env['PATH'] ?? '').split(':'), ...beside]
    .map((folder) => join(folder, name))
    .filter((path) => existsSync(path));
}

/** Command line up to the verb: the published command, or that of the build named by `STRATA_BENCH_STRATA`. */
export const strata: readonly string[] = [
  process.execPath,
  process.env['STRATA_BENCH_STRATA'] ?? join(import.meta.dirname, '../dist/cli/strata.cjs'),
];

/**
 * Returns {@link strata} with its own store in the arena. The run state, which lies elsewhere, is removed at the end.
 */
export function strataIn({ folder, atEnd }: Pick<Arena, 'folder' | 'atEnd'>): readonly string[] {
  const root = join(realpathSync(folder), 'strata');
  atEnd.defer(() => removeTree(layoutOf(root).run));
  return [...strata, '--root', root];
}

/** Returns the first line that a program prints for `--version`. */
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

/**
 * Runs a command that sets a contender up and returns its output. A new mount namespace keeps mounts from staying
 * behind.
 */
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
  /** Command line and variables of a client that builds with BuildKit; undefined when no client does. */
  readonly buildx: { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> } | undefined;
}

/** Starts an own dockerd with all its files under `folder`; the system's docker is not touched. */
export async function startDocker(folder: string): Promise<Docker | undefined> {
  const daemon = program('dockerd');
  if (daemon === undefined) return undefined;
  // An unpacked docker has its client, containerd and runtime beside its daemon.
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
  const { child, go } = await prepareCommand(group, line, { env: { PATH: path }, output: 'ignore' });
  stack.defer(() => end(child));
  go();
  const command = [client, '--host', socket];
  const found = findBuildx(clients, folder);
  const buildx = found && { command: [found.path, '--host', socket], env: found.env };
  const version = await waitForOutput(
    [...command, 'version', '--format', '{{.Server.Version}}'],
    () => child.exitCode === null,
  );
  const owned = stack.move();
  return { group, command, version, buildx, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Runs a command until it succeeds, for twenty seconds at most, and returns its output. */
async function waitForOutput(command: readonly string[], isAlive: () => boolean): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    await sleep(200);
    try {
      return setUp(command).trim();
    } catch (error) {
      if (attempt === 100 || !isAlive()) throw new Error('dockerd did not come up', { cause: error });
    }
  }
}

/** Returns podman's command line, with its own store and the same runtime as the other contenders. */
export function podman(
  folder: string,
): { readonly command: readonly string[]; readonly env: Record<string, string> } | undefined {
  const path = program('podman');
  if (path === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const conf = join(folder, 'containers.conf');
  // Podman's default limits may exceed those of the machine.
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
