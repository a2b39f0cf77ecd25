/**
 * Escapes the control characters in a text from an image, a Dockerfile or a file name, which a terminal would obey, as
 * `\x1b`. Tabs and line feeds stay.
 */
export const printable = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );

/** Does as {@link printable}, on one line. */
export const printableLine = (text: string): string => printable(text).replaceAll(/[\t\n]/g, ' ');
