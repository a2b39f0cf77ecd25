import type { Command } from 'commander';
import { isStrataError } from '../../errors/index.ts';
import { formatInspected } from '../../query/format.ts';
import { structured, type ValueMap } from '../../query/template/values.ts';
import type { CliContext } from '../context.ts';
import { notYetFlags } from '../flags.ts';
import { renderError } from '../render/error.ts';
import { inspectedIfAny, inspectedImage, inspectedMapKeys } from '../render/inspected-image.ts';

interface InspectFlags {
  readonly format?: string;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image...>')
    .option('-f, --format <template>', 'json, or a Go template')
    .action(async (names: readonly string[], flags: InspectFlags) => inspect(context, names, flags));
  notYetFlags(command, ['-s, --size', '--type <t>', '--platform <p>']);
}

/** Shows what is found even when some names are not, and then fails, as docker does. */
async function inspect(context: CliContext, names: readonly string[], { format }: InspectFlags): Promise<void> {
  const engine = await context.engine();
  const found: ValueMap[] = [];
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      found.push(inspectedImage(await engine.images.inspect(name, { signal: context.signal })));
    } catch (error) {
      if (!isStrataError(error, 'ERR_IMAGE_NOT_FOUND') && !isStrataError(error, 'ERR_REFERENCE_INVALID')) throw error;
      failures.push(error);
    }
  }
  if (format === undefined) {
    const shown = structured(found, inspectedMapKeys, inspectedIfAny);
    context.out(`${JSON.stringify(shown, undefined, 4)}\n`);
  } else {
    for (const image of found) context.out(`${formatInspected(format, image, inspectedMapKeys, inspectedIfAny)}\n`);
  }
  for (const error of failures) context.err(renderError(error, { debug: context.globals.debug === true }));
  if (failures.length > 0) context.setExitCode(1);
}
