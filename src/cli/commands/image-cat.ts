import type { Command } from 'commander';
import type { OpenImage } from '../../engine/index.ts';
import { chosenLayer } from '../chosen-layer.ts';
import type { Called, CliContext } from '../context.ts';
import { hintForArguments, nameOf } from '../flags/flags.ts';
import { pathByItself } from '../image-place.ts';
import { openNamedImage } from '../named-image.ts';
import { tellPathProblem } from '../path-problem.ts';

interface CatFlags {
  readonly layer?: string;
  readonly platform?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image>', 'a name or ID')
    .argument('<path...>', 'files of the image')
    .option('--layer <layer>', 'as this layer left the file: a number from 1, the base, or a digest')
    .option('--platform <platform>', 'of the image for this platform')
    .action(async (image: string, paths: readonly string[], flags: CatFlags) =>
      print({ command, context }, image, paths, flags),
    );
  hintForArguments(command, ([place]) => pathByItself(nameOf(command), place));
}

/** Prints what there is even when some files are missing, and then fails, as cat does. */
async function print(
  { command, context }: Called,
  name: string,
  paths: readonly string[],
  { layer, platform }: CatFlags,
): Promise<void> {
  const { signal } = context;
  await using image = await openNamedImage({ command, context }, name, platform);
  const layers = layer === undefined ? undefined : (await chosenLayer(image, layer, signal)) + 1;
  for (const path of paths) {
    try {
      await printOne(context, image, path, layers);
    } catch (error) {
      await tellPathProblem(context, error);
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
  // A terminal would obey what an image says.
  const decoder = process.stdout.isTTY ? new TextDecoder() : undefined;
  for await (const piece of image.content(file, { signal })) {
    if (decoder === undefined) await context.outBytes(piece);
    else context.out(decoder.decode(piece, { stream: true }));
  }
  if (decoder !== undefined) context.out(decoder.decode());
}
