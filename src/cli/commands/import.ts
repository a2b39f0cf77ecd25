import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import { present } from '../../lib/present.ts';
import type { CliContext } from '../context.ts';
import { collect } from '../flags/flags.ts';
import { openLayerProgress } from '../render/layer-progress.ts';

interface ImportFlags {
  readonly change: readonly string[];
  readonly message?: string;
  readonly platform?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'Tar archive of a filesystem, or "-" for STDIN')
    .argument('[repository]', 'Name and optionally a tag of the image')
    .option('-c, --change <instruction>', 'Apply Dockerfile instruction to the created image', collect, [])
    .option('-m, --message <text>', 'Set commit message for imported image')
    .option('--platform <platform>', 'Set platform of the image')
    .action(async (file: string, name: string | undefined, flags: ImportFlags) =>
      importImage(context, file, name, flags),
    );
}

async function importImage(
  context: CliContext,
  file: string,
  name: string | undefined,
  { change, message, platform }: ImportFlags,
): Promise<void> {
  if (/^https?:\/\//i.test(file)) {
    throw new StrataError({
      code: 'ERR_NOT_SUPPORTED_YET',
      message: 'import from a URL: not supported yet',
      hint: "Download it first: 'curl -L URL | strata import -'.",
    });
  }
  const engine = await context.engine();
  await using operation = engine.images.import(
    present({
      input: file === '-' ? process.stdin : file,
      reference: name,
      changes: change,
      message,
      platform,
      signal: context.signal,
    }),
  );
  const progress = openLayerProgress(context, { quiet: !process.stderr.isTTY });
  try {
    for await (const event of operation) {
      if (event.type === 'archive') progress.archive(event.offset, event.total);
      else progress.layer({ diffId: 'layer', state: 'unpacking', offset: event.offset, total: event.total });
    }
  } finally {
    progress.end();
  }
  context.out(`${(await operation.result).id}\n`);
}
