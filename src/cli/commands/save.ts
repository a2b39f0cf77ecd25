import type { Command } from 'commander';
import { Option } from 'commander';
import { archiveOutput } from '../archive-output.ts';
import type { CliContext } from '../context.ts';
import { platformText } from '../flags/format-flag.ts';
import { openLayerProgress } from '../render/layer-progress.ts';

interface SaveFlags {
  readonly output?: string;
  readonly format: 'docker-archive' | 'oci-archive';
  readonly platform?: string;
  readonly quiet?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image...>', 'Names or IDs of images; a repository without a tag means all its tags')
    .option('-o, --output <file>', 'Write to a file, instead of STDOUT')
    .option('--platform <platform>', platformText('Save only the image'))
    .option('-q, --quiet', 'Suppress progress output')
    .addOption(
      new Option('--format <format>', 'Format of the archive')
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
