import type { Command } from 'commander';
import { Option } from 'commander';
import { archiveOutput } from '../archive-output.ts';
import type { CliContext } from '../context.ts';
import { openLayerProgress } from '../render/layer-progress.ts';

interface SaveFlags {
  readonly output?: string;
  readonly format: 'docker-archive' | 'oci-archive';
  readonly platform?: string;
  readonly quiet?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image...>', 'names or IDs; a repository without a tag is all its tags')
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .option('--platform <platform>', 'the platform to take of images for several')
    .option('-q, --quiet', 'show no progress')
    .addOption(
      new Option('--format <format>', 'the kind of archive')
        .choices(['docker-archive', 'oci-archive'])
        .default('docker-archive'),
    )
    .action(async (images: string[], flags: SaveFlags) => save(context, images, flags));
}

async function save(context: CliContext, images: readonly string[], flags: SaveFlags): Promise<void> {
  const { format, platform } = flags;
  const output = archiveOutput(context, flags.output);
  const engine = await context.engine();
  await using operation = engine.images.save({
    images,
    format,
    output,
    ...(platform === undefined ? {} : { platform }),
    signal: context.signal,
  });
  const progress = openLayerProgress(context, { quiet: flags.quiet === true });
  try {
    for await (const event of operation) progress.layer(event);
  } finally {
    progress.end();
  }
  await operation.result;
}
