/**
 * Where the worker `name` lies that stands beside the module `beside` (its `import.meta.url`): in the sources, in the
 * library and in the bundled command, which puts all workers beside itself.
 */
export const workerUrl = (name: string, beside: string): URL =>
  new URL(`./${name}${/\.[cm]?[jt]s$/.exec(beside)?.[0] ?? '.js'}`, beside);
