const shownLength = 20;

/** What a container runs, quoted as Go quotes, the last of what fits being an ellipsis. */
export function shownCommand(words: readonly string[], whole: boolean): string {
  const text = Array.from(words.join(' '));
  const fits = whole || text.length <= shownLength;
  return JSON.stringify(fits ? text.join('') : `${text.slice(0, shownLength - 1).join('')}…`);
}
