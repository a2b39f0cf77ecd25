/**
 * Cuts IMAGE:PATH. Names of images have colons themselves, so an absolute path begins at the first `:/`, and a relative
 * one after the last colon. `localhost:5000/app:1:/etc` is `/etc` of `localhost:5000/app:1`.
 */
export function splitImagePath(text: string): { readonly name: string; readonly path: string } {
  const slash = text.indexOf(':/');
  const cut = slash >= 0 ? slash : text.lastIndexOf(':');
  return { name: text.slice(0, cut), path: text.slice(cut + 1) };
}

/** Returns a hint if IMAGE:PATH was given to a verb that takes IMAGE PATH, else undefined. */
export function hintForImagePath(verb: string, text = ''): string | undefined {
  if (!text.includes(':/')) return undefined;
  const { name, path } = splitImagePath(text);
  return `Give the path as an argument of its own: '${verb} ${name} ${path}'.`;
}
