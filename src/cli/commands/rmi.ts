import type { Command } from 'commander';
import { isStrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';
import { platformText } from '../flags/format-flag.ts';

interface RmiFlags {
  readonly force?: boolean;
  readonly platform: readonly string[];
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image...>', 'Names or IDs of images')
    .option('-f, --force', 'Force removal of the image')
    .option('--no-prune', 'Do not delete untagged parents (without effect: there are none)')
    .option('--platform <platform>', platformText('Remove only the image'), collectWords, [])
    .action(async (names: readonly string[], flags: RmiFlags) => removeImages(context, names, flags));
}

/** Collects a repeatable option whose value may be a list: `linux/amd64,linux/arm64`. */
const collectWords = (value: string, before: readonly string[]): string[] => [...before, ...value.split(',')];

/** Removes all images it can. As in docker, an unknown name is reported, but with `--force` it is no failure. */
async function removeImages(context: CliContext, names: readonly string[], flags: RmiFlags): Promise<void> {
  const { force, platform: platforms } = flags;
  const engine = await context.engine();
  const failures: unknown[] = [];
  for (const image of names) {
    try {
      const removed = await engine.images.remove(image, { force: force === true, platforms, signal: context.signal });
      for (const name of removed.untagged) context.out(`Untagged: ${name}\n`);
      for (const id of removed.deleted) context.out(`Deleted: ${id}\n`);
    } catch (error) {
      if (!isStrataError(error)) throw error;
      failures.push(error);
    }
  }
  for (const error of failures) await context.reportError(error);
  const isFatal = failures.some((error) => force !== true || !isStrataError(error, 'ERR_IMAGE_NOT_FOUND'));
  if (isFatal) context.setExitCode(1);
}
