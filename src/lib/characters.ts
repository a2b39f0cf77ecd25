type Class = (char: string) => boolean;

/**
 * Returns a test for single characters. Compiling a Unicode class takes milliseconds, longer than most commands need for their
 * plain ASCII text, so it waits for the first character beyond ASCII.
 */
function classOf(ascii: RegExp, all: string): Class {
  let form: RegExp | undefined;
  return (char) => {
    if (char < '\x80') return ascii.test(char);
    form ??= new RegExp(all, 'u');
    return form.test(char);
  };
}

/** Does the same as Go's `unicode.IsPrint`. */
export const isPrintable: Class = classOf(/^[ -~]$/, '^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]$');

/** True for a letter or `_`. */
export const isLetter: Class = classOf(/^[A-Za-z_]$/, '^[\\p{L}_]$');

/** True for a decimal digit. */
export const isDigit: Class = classOf(/^[0-9]$/, '^\\p{Nd}$');

/** True for a letter, a decimal digit or `_`. */
export const isWordCharacter: Class = classOf(/^[A-Za-z0-9_]$/, '^[\\p{L}\\p{Nd}_]$');
