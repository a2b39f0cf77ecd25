import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DockerfileText, PullPolicy } from '../../engine/index.ts';
import { isStrataError, restate } from '../../errors/index.ts';
import { parseReference } from '../../reference/index.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { fileProblem } from '../file-problem.ts';
import {
  collect,
  hintForArguments,
  notSupportedYet,
  notYetFlags,
  plainUsageProblem,
  usageProblem,
} from '../flags/flags.ts';
import { laterBuildFlags } from '../flags/later-build-flags.ts';
import type { BuildProgress } from '../render/build-progress.ts';
import { failedStepLog } from '../render/failed-step-log.ts';
import { JsonBuildProgress } from '../render/json-build-progress.ts';
import { PlainBuildProgress } from '../render/plain-build-progress.ts';
import { TerminalBuildProgress } from '../render/terminal-build-progress.ts';

const progressKinds = ['auto', 'plain', 'tty', 'json'];

/** Docker's kinds that Strata lacks, and the alternatives. */
const laterProgressKinds: ReadonlyMap<string, string> = new Map([
  ['none', 'Use -q, which prints the image ID alone.'],
  ['quiet', 'Use -q, which prints the image ID alone.'],
  ['rawjson', 'Use --progress json, which has a form of its own.'],
]);

interface BuildFlags {
  readonly tag: readonly string[];
  readonly file?: string;
  readonly buildArg: readonly string[];
  readonly label: readonly string[];
  readonly target?: string;
  readonly network: string;
  readonly pull: string;
  readonly cache: boolean;
  readonly quiet?: boolean;
  readonly iidfile?: string;
  readonly progress: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<path>', 'Directory of the build context, or "-" for a tar archive or a Dockerfile from STDIN')
    .option('-t, --tag <name>', 'Name and optionally a tag in the "name:tag" format', collect, [])
    .option('-f, --file <path>', 'Name of the Dockerfile (default "PATH/Dockerfile"), or "-" for STDIN')
    .option(
      '--build-arg <name=value>',
      'Set build-time variables (SOURCE_DATE_EPOCH is passed on from the environment)',
      collect,
      [],
    )
    .option('--label <name=value>', 'Set metadata for an image', collect, [])
    .option('--target <stage>', 'Set the target build stage to build')
    .option(
      '--network <kind>',
      'Set the networking mode for the RUN instructions during build: default, none or host',
      'default',
    )
    .addOption(
      command
        .createOption(
          '--pull [policy]',
          'Always attempt to pull a newer version of the image, or as given: missing, never or always',
        )
        .preset('true')
        .default('missing'),
    )
    .option('--no-cache', 'Do not use cache when building the image')
    .option('-q, --quiet', 'Suppress the build output and print image ID on success')
    .option('--iidfile <path>', 'Write the image ID to the file')
    .option('--progress <kind>', 'Set type of progress output: auto, plain, tty or json', 'auto')
    // Accepted without effect: containers of steps are always removed.
    .addOption(command.createOption('--rm').hideHelp())
    .addOption(command.createOption('--force-rm').hideHelp())
    .action(async (folder: string, flags: BuildFlags) => build({ command, context }, folder, flags));
  hintForArguments(command, hintOfFolder);
  notYetFlags(command, laterBuildFlags);
}

function hintOfFolder([first, second]: readonly string[]): string | undefined {
  if (first === undefined) return "Name the directory to build from: 'strata build .' for this one.";
  const isPolicy = second !== undefined && ['missing', 'never', 'always'].includes(first);
  return isPolicy ? `Join the policy to its flag by an equals sign: '--pull=${first}'.` : undefined;
}

async function build({ command, context }: VerbCall, folder: string, flags: BuildFlags): Promise<void> {
  if (folder === '-' && flags.file === '-') {
    throw usageProblem(command, "invalid argument: can't use stdin for both build context and dockerfile");
  }
  if (/^(?:https?|git|ssh):\/\/|^git@|^github\.com\//.test(folder)) {
    throw notSupportedYet(
      `build context ${folder}`,
      "Fetch it first and give the folder, or pipe it in: 'strata build -'.",
    );
  }
  for (const tag of flags.tag) checkTag(tag);
  const progress = progressFor({ command, context }, flags);
  if (flags.iidfile !== undefined) writeIdFile(flags.iidfile, removeStale);
  const engine = await context.engine();
  await using operation = engine.builder.build({
    context: folder === '-' ? process.stdin : folder,
    ...(flags.file === undefined ? {} : { dockerfile: dockerfileOf(flags.file, folder) }),
    tags: flags.tag,
    buildArgs: buildArgs(flags.buildArg),
    labels: Object.fromEntries(flags.label.map((pair) => splitPair(pair))),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    network: networkOf(flags.network),
    pull: pullPolicy(command, flags.pull),
    noCache: !flags.cache,
    signal: context.signal,
  });
  try {
    for await (const event of operation) progress?.show(event);
  } finally {
    progress?.end();
  }
  const { id } = await operation.result.catch((error: unknown) => {
    // The other kinds have shown the output already.
    if (progress === undefined || progress instanceof TerminalBuildProgress) context.err(failedStepLog(error));
    throw error;
  });
  if (flags.iidfile !== undefined) writeIdFile(flags.iidfile, (path) => writeFileSync(path, id));
  if (flags.quiet === true) context.out(`${id}\n`);
}

function networkOf(name: string): 'default' | 'none' | 'host' {
  if (name === 'default' || name === 'none' || name === 'host') return name;
  throw notSupportedYet(`build --network ${name}`, 'Use --network default, none or host.');
}

/** Checks a tag before any work, as docker does. Throws ERR_REFERENCE_INVALID. */
function checkTag(tag: string): void {
  try {
    parseReference(tag);
  } catch (error) {
    if (!isStrataError(error, 'ERR_REFERENCE_INVALID')) throw error;
    throw restate(error, { message: `invalid tag ${JSON.stringify(tag)}: ${error.message}` });
  }
}

/** Removes an older ID, which would be taken for this build's if it fails. Devices stay: `--iidfile /dev/null`. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === true) rmSync(path);
}

function writeIdFile(path: string, write: (path: string) => void): void {
  try {
    write(path);
  } catch (error) {
    throw fileProblem('open', path, error);
  }
}

function progressFor({ command, context }: VerbCall, { quiet, progress }: BuildFlags): BuildProgress | undefined {
  const instead = laterProgressKinds.get(progress);
  if (instead !== undefined) throw notSupportedYet(`--progress ${progress}`, instead);
  if (!progressKinds.includes(progress)) {
    throw usageProblem(command, `invalid progress mode ${progress}, one of ${progressKinds.join(', ')} expected`);
  }
  if (quiet === true) return undefined;
  if (progress === 'json') return new JsonBuildProgress(context.err);
  if (progress === 'tty' || (progress === 'auto' && process.stderr.isTTY)) {
    return new TerminalBuildProgress(context.err, () => process.stderr.getWindowSize?.() ?? [0, 0]);
  }
  return new PlainBuildProgress(context.err);
}

/** Resolves `-f`: relative to the working directory, as in docker, and in an archive to its root. */
function dockerfileOf(file: string, folder: string): string | DockerfileText {
  if (file === '-') return { text: process.stdin };
  return folder === '-' ? file : resolve(file);
}

/** Reads `--pull`: a switch in docker, a policy in podman. */
function pullPolicy(command: Command, text: string): PullPolicy {
  if (text === 'never' || text === 'missing' || text === 'always') return text;
  if (text === 'true') return 'always';
  if (text === 'false') return 'missing';
  throw usageProblem(command, `invalid pull policy: ${text}, one of missing, never, always expected`);
}

const splitPair = (pair: string): [string, string] => {
  const at = pair.indexOf('=');
  if (at === 0)
    throw plainUsageProblem(`invalid key-value pair ${JSON.stringify(pair)}: empty key`, 'Write it as NAME=VALUE.', 1);
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
};

/**
 * Reads `--build-arg`. A bare name takes its value from the environment, and is left out without one. As in docker,
 * SOURCE_DATE_EPOCH is passed on by itself.
 */
function buildArgs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    ['SOURCE_DATE_EPOCH', ...pairs].flatMap((pair): [string, string][] => {
      if (pair.includes('=')) return [splitPair(pair)];
      const value = process.env[pair];
      return value === undefined ? [] : [[pair, value]];
    }),
  );
}
