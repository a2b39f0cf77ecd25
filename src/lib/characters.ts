type Class = (char: string) => boolean;

/**
 * Classes of single characters. To look up what Unicode has of one takes milliseconds the first time, longer than most
 * commands take for their text, which is plain ASCII: so that is done when another character comes along.
 */
function classOf(ascii: RegExp, all: string): Class {
  let form: RegExp | undefined;
  return (char) => {
    if (char < '\x80') return ascii.test(char);
    form ??= new RegExp(all, 'u');
    return form.test(char);
  };
}

/** Go's `unicode.IsPrint`. */
export const isPrintable: Class = classOf(/^[ -~]$/, '^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]$');

/** A letter or `_`. */
export const isLetter: Class = classOf(/^[A-Za-z_]$/, '^[\\p{L}_]$');

/** A decimal digit. */
export const isDigit: Class = classOf(/^[0-9]$/, '^\\p{Nd}$');

/** A letter, a decimal digit or `_`. */
export const isWordCharacter: Class = classOf(/^[A-Za-z0-9_]$/, '^[\\p{L}\\p{Nd}_]$');
