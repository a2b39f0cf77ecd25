import { writeFileSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';
import { collect, notYetFlags } from '../flags.ts';
import { type BuildProgress, PlainBuildProgress, TerminalBuildProgress } from '../render/build-progress.ts';

interface BuildFlags {
  readonly tag: readonly string[];
  readonly file?: string;
  readonly buildArg: readonly string[];
  readonly label: readonly string[];
  readonly target?: string;
  readonly cache: boolean;
  readonly quiet?: boolean;
  readonly iidfile?: string;
  readonly progress: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<context>', 'folder with the files the build may read')
    .option('-t, --tag <name>', 'name for the image, "name:tag"; may be given several times', collect, [])
    .option('-f, --file <path>', 'the Dockerfile (default: Dockerfile in the context)')
    .option('--build-arg <name=value>', 'value for an ARG', collect, [])
    .option('--label <name=value>', 'label for the image', collect, [])
    .option('--target <stage>', 'the stage to build')
    .option('--no-cache', 'run every step again')
    .option('-q, --quiet', 'print nothing but the image ID')
    .option('--iidfile <path>', 'write the image ID to a file')
    .option('--progress <kind>', 'auto, plain, tty or json', 'auto')
    .action(async (folder: string, flags: BuildFlags) => build(context, folder, flags));
  notYetFlags(command, [
    '--add-host <h>',
    '--build-context <c>',
    '--cache-from <c>',
    '--cache-to <c>',
    '--load',
    '-m, --memory <m>',
    '--network <n>',
    '-o, --output <o>',
    '--platform <p>',
    '--provenance <p>',
    '--pull',
    '--push',
    '--sbom <s>',
    '--secret <s>',
    '--shm-size <s>',
    '--squash',
    '--ssh <s>',
    '--ulimit <u>',
  ]);
}

async function build(context: CliContext, folder: string, flags: BuildFlags): Promise<void> {
  if (folder === '-') {
    throw new StrataError({
      kind: 'unsupported',
      code: 'ERR_NOT_SUPPORTED_YET',
      message: 'build context from standard input: not supported yet',
    });
  }
  const engine = await context.engine();
  await using operation = engine.build({
    context: folder,
    ...(flags.file === undefined ? {} : { dockerfile: insideContext(folder, flags.file) }),
    tags: flags.tag,
    buildArgs: buildArgs(flags.buildArg),
    labels: Object.fromEntries(flags.label.map((pair) => splitPair(pair))),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    noCache: !flags.cache,
    signal: context.signal,
  });
  const progress = progressFor(context, flags);
  try {
    for await (const event of operation) progress?.show(event);
  } finally {
    progress?.end();
  }
  const { id } = await operation.result;
  if (flags.iidfile !== undefined) writeFileSync(flags.iidfile, id);
  if (flags.quiet === true) context.out(`${id}\n`);
}

function progressFor(context: CliContext, { quiet, progress }: BuildFlags): BuildProgress | undefined {
  if (quiet === true) return undefined;
  if (progress === 'json') {
    return { show: (event) => context.err(`${JSON.stringify(event)}\n`), end: () => undefined };
  }
  if (progress === 'tty' || (progress === 'auto' && process.stderr.isTTY)) {
    return new TerminalBuildProgress(context.err, () => process.stderr.getWindowSize?.() ?? [80, 24]);
  }
  if (progress === 'plain' || progress === 'auto') return new PlainBuildProgress(context.err);
  throw new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_USAGE',
    message: `--progress ${progress}: unknown`,
    hint: 'One of auto, plain, tty, json.',
  });
}

/** `-f` is relative to the working folder, as in docker, and must lie in the context. */
function insideContext(folder: string, file: string): string {
  const path = relative(resolve(folder), resolve(file));
  if (path !== '' && !path.startsWith('..') && !isAbsolute(path)) return path;
  throw new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_DOCKERFILE_OUTSIDE',
    message: `dockerfile ${file}: outside the build context`,
    hint: 'Put it into the context, or give a context that holds it.',
  });
}

const splitPair = (pair: string): [string, string] => {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
};

/** A bare name takes the value of the variable of that name, and is left out when there is none. */
function buildArgs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.flatMap((pair): [string, string][] => {
      if (pair.includes('=')) return [splitPair(pair)];
      const value = process.env[pair];
      return value === undefined ? [] : [[pair, value]];
    }),
  );
}
