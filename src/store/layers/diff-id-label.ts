/** Label of a snapshot with the diffID of its changes, so that a cached step is never read again. */
export const diffIdLabel = 'strata.diff-id';
