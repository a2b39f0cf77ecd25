import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { machineTraces } from './machine-traces.ts';

const listed = 10;

/** A reason of `test/allowed-skips.txt`; one that ends in `*` stands for all that begin so. */
const allows =
  (reason: string) =>
  (line: string): boolean =>
    line.endsWith('*') ? reason.startsWith(line.slice(0, -1)) : reason === line;

/** The reasons in the text of a list: a line each, without empty ones and those that begin with `#`. */
const reasonsIn = (list: string): string[] => list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/**
 * What to tell after a run: how many tests and suites were skipped and why, and the slowest files. `forbidden` counts
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
      // A whole file that ended otherwise than by its tests: it has no summary.
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
 * Reporter for `node --test`: prints the above at the end, with what is new on the machine, and fails the run when a skip is
 * forbidden. Otherwise the file `STRATA_FAILED_TESTS` names gets the test files to run again, a line each.
 */
async function* runSummary(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const list = readFileSync(new URL('../allowed-skips.txt', import.meta.url), 'utf8');
  const before = machineTraces();
  const { text, forbidden, failed } = await summarize(events, reasonsIn(list));
  const left = [...machineTraces().difference(before)].sort();
  const again = process.env['STRATA_FAILED_TESTS'];
  // What is left fails no run: beside the tests other programs may use Strata.
  if (forbidden > 0) process.exitCode = 1;
  else if (again !== undefined) writeFileSync(again, failed.map((name) => `${name}\n`).join(''));
  yield text;
  if (left.length > 0)
    yield `\nleft on the machine: ${left.length}\n${left.map((path) => `         ${path}\n`).join('')}`;
}

// oxlint-disable-next-line import/no-default-export -- Node takes a reporter's default export and nothing else.
export { runSummary as default };
