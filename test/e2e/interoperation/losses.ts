/** Something that a peer leaves out of the layers it makes, with the reason why that is not Strata's doing. */
export interface Loss {
  readonly reason: string;
  /** Turns the line of an entry into the one that comes out of the peer's layer. */
  readonly of: (line: string) => string;
}

/** Applies `of` to entries of the upper layer only: their times are those of `makeChanges`. */
const inChanges =
  (of: (line: string) => string) =>
  (line: string): string =>
    line.includes(' @1700000000') ? of(line) : line;

export const wholeSeconds: Loss = {
  reason: 'the fraction of times is cut off when it writes a tar',
  of: inChanges((line) => line.replace('@1700000000987654321', '@1700000000000000000')),
};

export const wholeSecondsAround: Loss = {
  reason: 'a folder that is copied up for a change in it gets into the layer, its time cut off',
  of: (line) => (line.startsWith('"var" ') ? wholeSecondsBelow.of(line) : line),
};

/** For peers that make the lower layer from files, too. */
export const wholeSecondsBelow: Loss = {
  reason: wholeSeconds.reason,
  of: (line) => line.replace('@1600000000123456789', '@1600000000000000000'),
};

export const nearestSecond: Loss = {
  reason: 'times are rounded to seconds when it writes a tar: Go does that where no format is asked for',
  of: inChanges((line) => line.replace('@1700000000987654321', '@1700000001000000000')),
};

export const userAttributes: Loss = {
  reason: 'of extended attributes only security.capability gets into a tar it writes',
  of: inChanges((line) => line.replaceAll(/ user\.[^ =]+=[0-9a-f]*/g, '')),
};

export const ownRoot: Loss = {
  reason: 'the root has the mode containers/storage makes roots with, unless the topmost layer names it',
  of: (line) => line.replace('"" dir 0755', '"" dir 0555'),
};
