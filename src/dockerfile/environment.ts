/**
 * Returns an environment of an image's config (`NAME=value` each) with one variable set: in the position of the first
 * of that name, else at the end. The given list stays unchanged.
 */
export function withVariable(environment: readonly string[], name: string, value: string): string[] {
  const at = environment.findIndex((entry) => entry === name || entry.startsWith(`${name}=`));
  const entry = `${name}=${value}`;
  return at < 0 ? [...environment, entry] : environment.with(at, entry);
}

/** Returns the variables of such a list by name; of equal names the last counts, and one without `=` is empty. */
export function variablesOf(environment: readonly string[]): Map<string, string> {
  return new Map(
    environment.map((entry) => {
      const equals = entry.indexOf('=');
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
