import type { FolderMatch, PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { displayBytes } from '../../lib/bytes.ts';

/** Result of matching one path. */
export interface OneMatch {
  readonly matched: boolean;
  readonly folder: FolderMatch;
  /** Returns true when an entry below may be included all the same. */
  mayIncludeBelow(): boolean;
}

const noMatch: OneMatch = { matched: false, folder: { groups: [] }, mayIncludeBelow: () => true };

/** Matches a path after its folder. */
export function matchOne(matcher: PatternMatcher, above: FolderMatch | undefined, path: Uint8Array): OneMatch {
  if (matcher.isEmpty) return noMatch;
  const text = displayBytes(path);
  const { matched, folder } = matcher.matchesIn(above, text);
  return { matched, folder, mayIncludeBelow: () => !matched || matcher.mayReincludeBelow(text) };
}
