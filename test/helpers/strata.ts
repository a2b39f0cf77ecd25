import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { controlGroupOf } from '../../src/containers/runtime/runtime-commands.ts';
import { layoutOf } from '../../src/store/layout.ts';
import { removeControlGroup } from '../../src/sys/control-groups.ts';
import type { Hooks } from './test-file.ts';

/** The command of this checkout. */
export const strataPath: string = join(import.meta.dirname, '../../bin/strata');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StrataCommand {
  /** The store's root, gone after the test. */
  readonly root: string;
  (...args: readonly string[]): Promise<CommandResult>;
  /** As above, with bytes for its standard input, variables and another working folder. */
  with(
    options: { input?: string | Uint8Array; env?: Record<string, string>; cwd?: string },
    ...args: readonly string[]
  ): Promise<CommandResult>;
}

/** Process ids of the containers of a store, as the host sees them. */
export const containerPids = (root: string): number[] =>
  globSync(join(layoutOf(root).run, 'bundles/*/pid'))
    .map((path) => Number(readFileSync(path, 'utf8')))
    .filter((pid) => existsSync(`/proc/${pid}`));

/** The command as a person would type it, on an empty store of its own. */
export function strataCommand(context: Hooks): StrataCommand {
  const root = mkdtempSync(join(tmpdir(), 'strata-e2e-'));
  context.after(async () => {
    const { run: runState } = layoutOf(root);
    // A test may leave containers that nothing else ends.
    for (const pid of containerPids(root)) spawnSync('kill', ['-9', String(pid)]);
    for (const bundle of globSync(join(runState, 'bundles/*')))
      await removeControlGroup(controlGroupOf(basename(bundle)));
    const left = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(root) || line.includes(runState));
    for (const folder of [root, runState]) rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`mounts left behind:\n${left.join('\n')}`);
  });
  const run: StrataCommand['with'] = (options, ...args) =>
    new Promise((resolve, reject) => {
      const child = spawn(strataPath, args, {
        env: { ...process.env, STRATA_ROOT: root, ...options.env },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
    });
  return Object.assign((...args: readonly string[]) => run({}, ...args), { root, with: run });
}
