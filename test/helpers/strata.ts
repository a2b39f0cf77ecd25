import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { storeRoot } from './store-root.ts';
import type { Hooks } from './test-file.ts';

/** Path of the command: the built one that `STRATA_COMMAND` names, else the one that runs from the sources. */
export const strataPath: string = process.env['STRATA_COMMAND'] ?? join(import.meta.dirname, '../../bin/strata');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StrataCommand {
  /** Root of the store, removed after the test. */
  readonly root: string;
  (...args: readonly string[]): Promise<CommandResult>;
  /** Runs the command with bytes for its standard input, variables and another working folder. */
  with(
    options: { input?: string | Uint8Array; env?: Record<string, string>; cwd?: string },
    ...args: readonly string[]
  ): Promise<CommandResult>;
}

/** Returns the command as a user types it, on its own empty store. */
export function strataCommand(context: Hooks): StrataCommand {
  const root = storeRoot(context);
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
