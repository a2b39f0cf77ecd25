import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { type StrataCommand, strataPath } from './strata.ts';
import { until } from './until.ts';

export interface StartedCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly output: { stdout: string; stderr: string };
  /** Resolves once standard output contains `text`. */
  says(text: string): Promise<void>;
  /** Resolves once the command and every process that holds its output have ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts the command; after the test it is killed if it still runs. */
export function startCommand(
  context: TestContext,
  { root }: StrataCommand,
  ...args: readonly string[]
): StartedCommand {
  const child = spawn(strataPath, args, { env: { ...process.env, STRATA_ROOT: root } });
  context.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('latin1').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('latin1').on('data', (text: string) => (output.stderr += text));
  let isOver = false;
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => {
      isOver = true;
      resolve({ code, signal });
    });
  });
  const says = async (text: string): Promise<void> => {
    const isSaid = (): boolean => output.stdout.includes(text);
    const what = (): string => `waited for ${text}: ${output.stdout}${output.stderr}`;
    await until(() => isSaid() || isOver, what);
    assert.ok(isSaid(), what());
  };
  return { child, output, says, ended };
}
