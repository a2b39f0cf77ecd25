import { StrataError } from '../errors/index.ts';
import { cleanPath } from '../lib/clean-path.ts';
import { maxIgnoreFileBytes } from './limits.ts';
import { trimSpace } from './whitespace.ts';

function cleanPattern(text: string): string {
  if (text === '') return '';
  const clean = cleanPath(text);
  // `/x` means `x` in the context, never on the host.
  return clean.length > 1 && clean.startsWith('/') ? clean.slice(1) : clean;
}

/**
 * Reads the patterns of a `.dockerignore` (UTF-8, at most 10 MiB, any line ends) for a `PatternMatcher`: without
 * comments and blank lines, paths cleaned and relative to the context.
 *
 * @throws ERR_DOCKERIGNORE_TOO_LARGE
 */
export function readIgnoreFile(bytes: Uint8Array): string[] {
  if (bytes.length > maxIgnoreFileBytes) {
    throw new StrataError({
      code: 'ERR_DOCKERIGNORE_TOO_LARGE',
      message: `ignore file: ${bytes.length} bytes are more than the allowed ${maxIgnoreFileBytes}`,
      hint: 'Use wildcards instead of a line per file.',
    });
  }
  const patterns: string[] = [];
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    const text = line.startsWith('#') ? '' : trimSpace(line);
    if (text === '') continue;
    patterns.push(text.startsWith('!') ? `!${cleanPattern(trimSpace(text.slice(1)))}` : cleanPattern(text));
  }
  return patterns;
}
