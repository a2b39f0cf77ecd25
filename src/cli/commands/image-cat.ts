import type { Command } from 'commander';
import type { OpenImage } from '../../engine/index.ts';
import { chooseLayer } from '../choose-layer.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { hintForArguments, nameOf } from '../flags/flags.ts';
import { platformText } from '../flags/format-flag.ts';
import { hintForImagePath } from '../image-path.ts';
import { openNamedImage } from '../open-named-image.ts';
import { reportPathProblem } from '../report-path-problem.ts';

interface CatFlags {
  readonly layer?: string;
  readonly platform?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image>', 'Name or ID of an image')
    .argument('<path...>', 'Paths of files in the image')
    .option('--layer <layer>', 'Print the files as of a layer: its number from 1 (the base) or its digest')
    .option('--platform <platform>', platformText('Print files of the image'))
    .action(async (image: string, paths: readonly string[], flags: CatFlags) =>
      print({ command, context }, image, paths, flags),
    );
  hintForArguments(command, ([place]) => hintForImagePath(nameOf(command), place));
}

/** Prints the files. A missing one does not stop the others, and makes the command fail at the end, as in cat. */
async function print(
  { command, context }: VerbCall,
  name: string,
  paths: readonly string[],
  { layer, platform }: CatFlags,
): Promise<void> {
  const { signal } = context;
  await using image = await openNamedImage({ command, context }, name, platform);
  const layers = layer === undefined ? undefined : (await chooseLayer(image, layer, signal)) + 1;
  for (const path of paths) {
    try {
      await printOne(context, image, path, layers);
    } catch (error) {
      await reportPathProblem(context, error);
    }
  }
}

async function printOne(
  context: CliContext,
  image: OpenImage,
  path: string,
  layers: number | undefined,
): Promise<void> {
  const { signal } = context;
  const file = await image.file(path, { layers, signal });
  // A terminal would obey control characters of an image, so they are escaped on the way.
  const decoder = process.stdout.isTTY ? new TextDecoder() : undefined;
  for await (const chunk of image.content(file, { signal })) {
    if (decoder === undefined) await context.outBytes(chunk);
    else context.out(decoder.decode(chunk, { stream: true }));
  }
  if (decoder !== undefined) context.out(decoder.decode());
}
