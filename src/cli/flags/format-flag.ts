/** Description of `--format` of a listing, docker's shortened to a line. */
export const listingFormatText =
  "Format output using a custom template: 'table', 'table TEMPLATE', 'json' or a Go template";

/** Description of `--format` of a command that shows single objects. */
export const inspectFormatText = "Format output using a custom template: 'json' or a Go template";

/** Description of `--platform` of a command that works with one platform of an image. */
export const platformText = (does: string): string =>
  `${does} for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")`;
