import { comparable } from './comparable.ts';
import type { Answer } from './scenario.ts';

/** Lines that only one of the two programs prints, in order; both empty when the answers are equal. */
export interface Difference {
  readonly docker: readonly string[];
  readonly strata: readonly string[];
}

/** Returns the difference between two answers to one line, by their longest common sequence. */
export function compare(docker: Answer, strata: Answer): Difference {
  const left = comparable(docker);
  const right = comparable(strata);
  const common: number[][] = Array.from({ length: left.length + 1 }, () => Array<number>(right.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      common[i]![j] = left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const onlyDocker: string[] = [];
  const onlyStrata: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) [i, j] = [i + 1, j + 1];
    else if (j === right.length || (i < left.length && at(i + 1, j) >= at(i, j + 1))) onlyDocker.push(left[i++]!);
    else onlyStrata.push(right[j++]!);
  }
  return { docker: onlyDocker, strata: onlyStrata };
}

/** Returns keys for the lines of a scenario: the line itself, numbered when it comes again. */
export function keysOf(answers: readonly Answer[]): string[] {
  const seen = new Map<string, number>();
  return answers.map(({ line }) => {
    const count = (seen.get(line) ?? 0) + 1;
    seen.set(line, count);
    return count === 1 ? line : `${line} (${count})`;
  });
}
