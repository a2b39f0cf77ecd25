import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FolderItem, fill } from '../../helpers/build-folder.ts';
import { patienceMs, until } from '../../helpers/until.ts';
import { normalise } from './normalise.ts';

/**
 * Command line without the program's name: words apart by spaces, those with spaces in single quotes. `<here>` is the
 * scenario's folder.
 */
export type Line = string;

export interface Step {
  readonly line: Line;
  /** Bytes for standard input; default: an input at its end. */
  readonly input?: string;
  /** Name for the printed ID: `{name}` stands for it in later lines, `<name>` in answers. */
  readonly names?: string;
  /** Makes one terminal of standard output and error. */
  readonly terminal?: boolean;
  /** Runs the line again until standard output matches: for output that another process writes bit by bit. */
  readonly until?: RegExp;
  /** Part of the answer to keep; the rest is each program's own. Default: all. */
  readonly keep?: 'code';
}

/** Command lines for an empty store, in a folder that has the same files for every program. */
export interface Scenario {
  readonly name: string;
  readonly files?: Readonly<Record<string, FolderItem>>;
  readonly steps: readonly (Line | Step)[];
}

export interface Answer {
  readonly line: Line;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly command: string;
  /** Words in front of those of the line. */
  readonly first?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the lines one after the other; parts that differ from run to run are replaced by names in angle brackets. */
export async function play({ files, steps }: Scenario, program: Program): Promise<Answer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-golden-'));
  try {
    fill(folder, files ?? {});
    const ids = new Map<string, string>();
    const answers: Answer[] = [];
    for (const given of steps) {
      const step = typeof given === 'string' ? { line: given } : given;
      answers.push(await answer(step, program, folder, ids));
    }
    return answers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answer(step: Step, program: Program, folder: string, ids: Map<string, string>): Promise<Answer> {
  const words = wordsOf(step.line).map((word) =>
    word.replaceAll('<here>', folder).replace(/\{(\w+)\}/g, (all, name: string) => ids.get(name) ?? all),
  );
  let said = await run(step, program, words, folder);
  if (step.until !== undefined) {
    const hoped = step.until;
    const asksAgain = async (): Promise<boolean> => {
      if (!hoped.test(said.stdout)) said = await run(step, program, words, folder);
      return hoped.test(said.stdout);
    };
    await until(asksAgain, () => `${step.line}: ${JSON.stringify(said)}`, 50);
  }
  const { code, stdout, stderr } = said;
  const id = /\b[0-9a-f]{64}\b/.exec(stdout)?.[0];
  if (step.names !== undefined && id !== undefined) ids.set(step.names, id);
  if (step.keep === 'code') return { line: step.line, code, stdout: '', stderr: '' };
  const normal = (text: string): string => normalise(text, { folder, ids });
  return { line: step.line, code, stdout: normal(stdout), stderr: normal(stderr) };
}

function wordsOf(line: Line): string[] {
  return Array.from(line.matchAll(/'([^']*)'|[^\s']+/g), ([word, quoted]) => quoted ?? word);
}

function run(
  { input, terminal }: Step,
  { command, first = [], env }: Program,
  line: readonly string[],
  cwd: string,
): Promise<Omit<Answer, 'line'>> {
  const words = [...first, ...line];
  const quoted = [command, ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const [file, args] = terminal === true ? ['script', ['-qefc', quoted, '/dev/null']] : [command, words];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, timeout: patienceMs });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: stdout.replace(/\r+\n/g, '\n'), stderr }));
    // A command that reads nothing may have ended already.
    child.stdin.on('error', () => undefined);
    if (terminal === true && input === undefined) return;
    child.stdin.end(input ?? '');
  });
}
