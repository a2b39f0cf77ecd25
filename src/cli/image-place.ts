/**
 * Cuts IMAGE:PATH: names of images hold colons themselves, so an absolute path begins at the first `:/`, and any other one
 * behind the last colon. `localhost:5000/app:1:/etc` is `/etc` of `localhost:5000/app:1`.
 */
export function imagePlace(text: string): { readonly name: string; readonly path: string } {
  const slash = text.indexOf(':/');
  const cut = slash >= 0 ? slash : text.lastIndexOf(':');
  return { name: text.slice(0, cut), path: text.slice(cut + 1) };
}

/** What to type where IMAGE:PATH was given to a verb that takes the path by itself; undefined for anything else. */
export function pathByItself(verb: string, text = ''): string | undefined {
  if (!text.includes(':/')) return undefined;
  const { name, path } = imagePlace(text);
  return `The path stands by itself: '${verb} ${name} ${path}'.`;
}
