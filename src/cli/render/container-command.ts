const shownLength = 20;

/** What a container runs: arguments with spaces in single quotes, all of it quoted as Go quotes, cut with an ellipsis. */
export function shownCommand([program = '', ...args]: readonly string[], whole: boolean): string {
  const words = [program, ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))];
  const text = Array.from(words.join(' '));
  const fits = whole || text.length <= shownLength;
  return JSON.stringify(fits ? text.join('') : `${text.slice(0, shownLength - 1).join('')}…`);
}
