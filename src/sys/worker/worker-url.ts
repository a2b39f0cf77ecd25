/**
 * Returns the URL of the worker module `name` in the folder of `beside`, an `import.meta.url`. Works in the sources, in the built
 * library and in the bundled command, which has all workers in its own folder.
 */
export const workerUrl = (name: string, beside: string): URL =>
  new URL(`./${name}${/\.[cm]?[jt]s$/.exec(beside)?.[0] ?? '.js'}`, beside);
