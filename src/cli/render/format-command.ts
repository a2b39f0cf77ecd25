const maxLength = 20;

/** Formats a container's command: arguments with spaces in single quotes, all of it quoted as Go does, cut with an ellipsis. */
export function formatCommand([program = '', ...args]: readonly string[], whole: boolean): string {
  const words = [program, ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))];
  const text = Array.from(words.join(' '));
  const fits = whole || text.length <= maxLength;
  return JSON.stringify(fits ? text.join('') : `${text.slice(0, maxLength - 1).join('')}…`);
}
