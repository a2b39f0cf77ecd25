import { valueError } from '../../dockerfile/dockerfile-error.ts';
import { variablesOf } from '../../dockerfile/environment.ts';
import { runCommand } from '../../dockerfile/instructions/run.ts';
import type { RunInstruction } from '../../dockerfile/instructions/types.ts';
import { excerpt } from '../../dockerfile/quote.ts';
import { StrataError } from '../../errors/index.ts';
import type { RunStep } from '../ops/run-op.ts';
import type { ConfigDraft } from './config-draft.ts';

/** Network of a build, for a RUN without `--network`. */
export type BuildNetwork = 'default' | 'none' | 'host';

export const buildNetworks: readonly BuildNetwork[] = ['default', 'none', 'host'];

export interface RunContext {
  readonly draft: ConfigDraft;
  /** Values of the ARGs in scope. */
  readonly args: ReadonlyMap<string, string>;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly network: BuildNetwork;
}

// In /dev, which belongs to the container: nothing of it gets into the image.
const scriptFolder = '/dev/pipes';

/** Resolves a RUN. Throws ERR_NETWORK_REFUSED, ERR_DOCKERFILE_VALUE. */
export function runStepOf(run: RunInstruction, { draft, args, buildArgs, network }: RunContext): RunStep {
  const command = runCommand(run);
  const path = command.form === 'script' ? `${scriptFolder}/${checkScriptName(command.name, run)}` : '';
  const env = new Map([...args, ...draft.environment]);
  return {
    args: command.form === 'exec' ? command.args : [...draft.shell, command.form === 'script' ? path : command.line],
    env: [...env].map(([name, value]) => `${name}=${value}`),
    proxies: proxiesOf(buildArgs, env),
    user: draft.user,
    workingDirectory: draft.workingDir,
    network: networkOf(run, network),
    scripts: command.form === 'script' ? { [path]: command.content } : {},
    line: run.location.start,
  };
}

/**
 * Returns a RUN for the history: `RUN |1 A=b /bin/sh -c echo $A`, with the ARGs in scope before the command. `declared`
 * has the names of all of them, also without a value.
 */
export function formatRunCreatedBy({ args, env }: RunStep, declared: ReadonlySet<string>): string {
  const variables = variablesOf(env);
  const values = [...declared].map((name) => `${name}=${variables.get(name) ?? ''}`);
  return ['RUN', ...(values.length === 0 ? [] : [`|${values.length}`, ...values]), ...args].join(' ');
}

function checkScriptName(name: string, { location }: RunInstruction): string {
  if (/^[^/\0]{1,255}$/.test(name) && name !== '.' && name !== '..') return name;
  throw valueError(
    `RUN: a heredoc with #! becomes a file, and ${excerpt(JSON.stringify(name))} cannot be its name`,
    location,
    'Name the heredoc like a file: no slash, and at most 255 characters.',
  );
}

/** Build arguments that reach RUN without an ARG, in both spellings. */
export const proxyNames: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/**
 * Returns proxies given with --build-arg in both spellings, which reach every RUN, also without an ARG, as in docker.
 */
function proxiesOf(buildArgs: ReadonlyMap<string, string>, env: ReadonlyMap<string, string>): string[] {
  return proxyNames.flatMap((name) => {
    const value = buildArgs.get(name) ?? buildArgs.get(name.toLowerCase());
    if (value === undefined) return [];
    return [name, name.toLowerCase()].filter((spelled) => !env.has(spelled)).map((spelled) => `${spelled}=${value}`);
  });
}

/**
 * Returns the network of a RUN. `default` is the host's until builds have networks of their own; a Dockerfile gets no
 * more than the user grants.
 */
function networkOf({ network: requested, location }: RunInstruction, granted: BuildNetwork): RunStep['network'] {
  if (requested === 'none' || (requested === 'default' && granted === 'none')) return 'none';
  if (requested === 'default' || granted === 'host') return 'host';
  throw new StrataError({
    code: 'ERR_NETWORK_REFUSED',
    message: `dockerfile line ${location.start}: RUN --network=host: not granted`,
    hint: 'If you trust this Dockerfile with the network of this machine, let the build use that network.',
    details: { line: location.start },
  });
}
