import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';
import { hintForArguments } from '../flags/flags.ts';
import { platformText } from '../flags/format-flag.ts';
import { openLayerProgress } from '../render/layer-progress.ts';
import { standardInput } from '../terminal/standard-input.ts';

interface LoadFlags {
  readonly input?: string;
  readonly quiet?: boolean;
  readonly platform?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .option('-i, --input <file>', 'Read from tar archive file or the directory of an OCI layout, instead of STDIN')
    .option('-q, --quiet', 'Suppress the load output')
    .option('--platform <platform>', platformText('Load only the image'))
    .action(async (flags: LoadFlags) => load(context, flags));
  hintForArguments(command, ([file]) => `Name the file with -i: 'strata load -i ${file}'.`);
}

async function load(context: CliContext, { input, quiet, platform }: LoadFlags): Promise<void> {
  if (input === undefined && process.stdin.isTTY) {
    throw new StrataError({
      code: 'ERR_ARCHIVE_EXPECTED',
      message: 'requested load from stdin, but stdin is empty',
      hint: 'Give a file with -i, or pipe one in.',
    });
  }
  const engine = await context.engine();
  await using operation = engine.images.load({
    input: input ?? standardInput(),
    ...(platform === undefined ? {} : { platform }),
    signal: context.signal,
  });
  const progress = openLayerProgress(context, { quiet: quiet === true });
  try {
    for await (const event of operation) {
      if (event.type === 'archive') progress.archive(event.offset, event.total);
      if (event.type === 'layer') progress.layer(event);
      if (event.type === 'warning') progress.note(`WARNING: ${event.text}`);
      if (event.type === 'renamed') {
        const text = `The image ${event.reference} already exists, renaming the old one with ID ${event.before} to empty string`;
        context.out(`${text}\n`);
      }
    }
  } finally {
    progress.end();
  }
  for (const { id, references } of (await operation.result).images) {
    for (const reference of references) context.out(`Loaded image: ${reference}\n`);
    if (references.length === 0) context.out(`Loaded image ID: ${id}\n`);
  }
}
