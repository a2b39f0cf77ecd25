import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { machineTraces } from './machine-traces.ts';

const listed = 10;

/**
 * Returns a predicate for lines of `test/allowed-skips.txt`: true when one allows `reason`; a `*` at its end matches
 * any rest.
 */
const allows =
  (reason: string) =>
  (line: string): boolean =>
    line.endsWith('*') ? reason.startsWith(line.slice(0, -1)) : reason === line;

/** Returns the lines of a list, without empty ones and comments (`#`). */
const reasonsIn = (list: string): string[] => list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/**
 * Summarizes a run: the number of skipped tests and suites with the reasons, and the slowest files. `forbidden` counts
 * the skips whose reason is not among the `allowed`; `failed` are the files in which a test failed.
 */
async function summarize(
  events: AsyncIterable<TestEvent>,
  allowed: readonly string[],
): Promise<{ readonly text: string; readonly forbidden: number; readonly failed: readonly string[] }> {
  const failed: string[] = [];
  const skips = new Map<string, number>();
  const files: { readonly name: string; readonly seconds: number }[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:pass' && data.skip !== undefined && data.skip !== false) {
      const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given';
      skips.set(reason, (skips.get(reason) ?? 0) + 1);
    } else if (type === 'test:summary' && data.file !== undefined) {
      const name = relative(process.cwd(), data.file);
      files.push({ name, seconds: data.duration_ms / 1000 });
      if (!data.success) failed.push(name);
    } else if (type === 'test:fail' && data.file !== undefined && resolve(data.name) === data.file) {
      // The whole file failed outside its tests, so it has no summary.
      const name = relative(process.cwd(), data.file);
      if (!failed.includes(name)) failed.push(name);
    }
  }

  const lines: string[] = ['', 'slowest files:'];
  for (const { name, seconds } of files.toSorted((a, b) => b.seconds - a.seconds).slice(0, listed)) {
    lines.push(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
  }
  let [total, forbidden] = [0, 0];
  const reasons: string[] = [];
  for (const [reason, count] of [...skips].toSorted(([, a], [, b]) => b - a)) {
    const isAllowed = allowed.some(allows(reason));
    total += count;
    if (!isAllowed) forbidden += count;
    reasons.push(`${String(count).padStart(7)}  ${reason}${isAllowed ? '' : '  <- not in test/allowed-skips.txt'}`);
  }
  lines.push('', `skipped: ${total}`, ...reasons);
  if (forbidden > 0) lines.push('', `FAILED: ${forbidden} skipped for reasons that may not go unnoticed`);
  return { text: `${lines.join('\n')}\n`, forbidden, failed };
}

/**
 * Reporter for `node --test`: prints the summary and new paths on the machine, and fails the run when a skip is
 * forbidden. Otherwise the test files to run again are written to the file that `STRATA_FAILED_TESTS` names, a line
 * each.
 */
async function* runSummary(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const list = readFileSync(new URL('../allowed-skips.txt', import.meta.url), 'utf8');
  const before = machineTraces();
  const { text, forbidden, failed } = await summarize(events, reasonsIn(list));
  const left = [...machineTraces().difference(before)].sort();
  const again = process.env['STRATA_FAILED_TESTS'];
  // New paths fail no run: other programs on the machine may use Strata, too.
  if (forbidden > 0) process.exitCode = 1;
  else if (again !== undefined) writeFileSync(again, failed.map((name) => `${name}\n`).join(''));
  yield text;
  if (left.length > 0)
    yield `\nleft on the machine: ${left.length}\n${left.map((path) => `         ${path}\n`).join('')}`;
}

// oxlint-disable-next-line import/no-default-export -- Node takes a reporter's default export and nothing else.
export { runSummary as default };
