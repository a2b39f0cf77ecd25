/**
 * Text from an image, a Dockerfile or a file name without what a terminal would obey: control characters become `\x1b`
 * and the like; tabs and line feeds stay.
 */
export const printable = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );

/** {@link printable} on one line. */
export const printableLine = (text: string): string => printable(text).replaceAll(/[\t\n]/g, ' ');
