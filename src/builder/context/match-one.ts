import type { FolderMatch, PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { displayBytes } from '../../lib/bytes.ts';

/** What patterns say of one path. */
export interface OneMatch {
  readonly matched: boolean;
  readonly folder: FolderMatch;
  /** Whether something below may be taken all the same. */
  mayHold(): boolean;
}

const noMatch: OneMatch = { matched: false, folder: { groups: [] }, mayHold: () => true };

/** Looks at a path whose folder was looked at before. */
export function matchOne(matcher: PatternMatcher, above: FolderMatch | undefined, path: Uint8Array): OneMatch {
  if (matcher.isEmpty) return noMatch;
  const text = displayBytes(path);
  const { matched, folder } = matcher.matchesIn(above, text);
  return { matched, folder, mayHold: () => !matched || matcher.mayReincludeBelow(text) };
}
