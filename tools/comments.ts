// Reads the comments of TypeScript files: a run of `//` lines counts as one comment.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';

/** One comment of a file. */
export interface SourceComment {
  readonly file: string;
  /** Line of its first character, from 1. */
  readonly line: number;
  /** The words alone, on one line: no slashes, no stars. */
  readonly text: string;
}

// Comments for a program: of the linter, the bundler, the shell that starts a script.
const directive = /^(?:biome-|oxlint|eslint|@ts-|#|__PURE__|@__)/;

/** Returns the comments of `files`, in order; their paths are relative to `root`. */
export function readComments(root: string, files: readonly string[]): SourceComment[] {
  return files.flatMap((file) => commentsOf(file, readFileSync(join(root, file), 'utf8')));
}

function commentsOf(file: string, source: string): SourceComment[] {
  const runs: { start: number; end: number; isLine: boolean; text: string }[] = [];
  for (const { type, value, start, end } of parseSync(file, source).comments) {
    const isLine = type === 'Line';
    const before = runs.at(-1);
    if (before?.isLine === true && isLine && /^\r?\n[ \t]*$/.test(source.slice(before.end, start))) {
      before.text += `\n${value}`;
      before.end = end;
    } else {
      runs.push({ start, end, isLine, text: value });
    }
  }
  return runs
    .map(({ start, text }) => ({ file, line: source.slice(0, start).split('\n').length, text: flatten(text) }))
    .filter(({ text }) => text !== '' && !directive.test(text));
}

function flatten(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/^\s*\*?\s*/, '').trim());
  return lines.join(' ').trim();
}
