import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Difference } from './compare.ts';
import type { Answer } from './scenario.ts';

/** Known difference, under a name of `reasons.ts`. */
export interface KnownDifference extends Difference {
  readonly reason: string;
}

/** Known differences by scenario, then by command line. */
export type KnownDifferences = Readonly<Record<string, Readonly<Record<string, readonly KnownDifference[]>>>>;

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));

export const differencesFile = (set: string): string => join(import.meta.dirname, `${set}.differences.json`);

export const readDifferences = (set: string): KnownDifferences => read(`${set}.differences.json`) as KnownDifferences;

export const readGolden = (set: string): Readonly<Record<string, readonly Answer[]>> =>
  read(`${set}.json`) as Readonly<Record<string, readonly Answer[]>>;

/** Joins the lines of all of them into one difference. */
export const joinDifferences = (known: readonly KnownDifference[]): Difference => ({
  docker: known.flatMap(({ docker }) => docker),
  strata: known.flatMap(({ strata }) => strata),
});
