import type { Command } from 'commander';
import { imageDocument, imageMapKeys, imageOptionalFields } from '../../engine/docker/image-document.ts';
import type { Engine, ImageLookUpOptions } from '../../engine/index.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { formatInspected } from '../../query/format.ts';
import { structured, type ValueMap } from '../../query/template/values.ts';
import type { CliContext } from '../context.ts';
import { notSupportedYet } from '../flags/flags.ts';
import { inspectFormatText, platformText } from '../flags/format-flag.ts';
import { readInspectFormat } from '../flags/read-inspect-format.ts';

interface InspectFlags {
  readonly format?: string;
  readonly type?: string;
  readonly size?: boolean;
  readonly platform?: string;
}

type InspectedKind = 'container' | 'image';

interface Inspected {
  readonly data: ValueMap;
  readonly mapKeys: ReadonlySet<string>;
  /** Fields left out if empty. */
  readonly ifAny: ReadonlySet<string>;
}

export function define(command: Command, context: CliContext): void {
  const noun = command.parent?.name();
  const only = noun === 'image' || noun === 'container' ? noun : undefined;
  command
    .argument(
      `<${only ?? 'name|id'}...>`,
      only === undefined ? 'Names or IDs of containers and images' : `Names or IDs of ${only}s`,
    )
    .option('-f, --format <template>', inspectFormatText)
    .action(async (names: readonly string[], flags: InspectFlags) =>
      inspect(context, names, only === undefined ? flags : { ...flags, type: only }),
    );
  if (only === 'image') {
    command.option('--platform <platform>', platformText('Inspect the image'));
    return;
  }
  if (only === undefined) command.option('--type <type>', 'Only inspect objects of the given type: container or image');
  command.option('-s, --size', 'Display total file sizes if the type is container');
}

/** Prints the objects found. An unknown name does not stop the others, and makes the command fail at the end, as in docker. */
async function inspect(context: CliContext, names: readonly string[], flags: InspectFlags): Promise<void> {
  const format = flags.format ? readInspectFormat(flags.format) : undefined;
  const kinds = kindsOf(flags.type);
  const engine = await context.engine();
  const found: Inspected[] = [];
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      found.push(
        await lookUp(engine, name, {
          kinds,
          size: flags.size === true,
          image: { ...(flags.platform === undefined ? {} : { platform: flags.platform }), signal: context.signal },
          signal: context.signal,
        }),
      );
    } catch (error) {
      if (!isStrataError(error) || error.kind === 'corrupt' || error.kind === 'internal') throw error;
      failures.push(error);
    }
  }
  if (format === undefined) {
    const shown = found.map(({ data, mapKeys, ifAny }) => structured(data, mapKeys, ifAny));
    context.out(`${JSON.stringify(shown, undefined, 4)}\n`);
  } else {
    // Docker prints an empty line, or an empty list, without any object.
    if (found.length === 0) context.out(format === 'json' ? '[]\n' : '\n');
    for (const { data, mapKeys, ifAny } of found) context.out(`${formatInspected(format, data, mapKeys, ifAny)}\n`);
  }
  for (const error of failures) await context.reportError(error);
  if (failures.length > 0) context.setExitCode(1);
}

function kindsOf(type: string | undefined): readonly InspectedKind[] {
  switch (type) {
    case undefined:
    case '':
      return ['container', 'image'];
    case 'container':
    case 'image':
      return [type];
    case 'network':
    case 'node':
    case 'plugin':
    case 'secret':
    case 'service':
    case 'task':
    case 'volume':
      throw notSupportedYet(`--type ${type}`, 'Use --type container or --type image.');
    default:
      throw new StrataError({
        code: 'ERR_OBJECT_TYPE',
        message: `${JSON.stringify(type.slice(0, 100))} is not a valid value for --type`,
        hint: 'Use --type container or --type image.',
      });
  }
}

interface LookUpOptions {
  readonly kinds: readonly InspectedKind[];
  readonly size: boolean;
  readonly image: ImageLookUpOptions;
  readonly signal: AbortSignal;
}

/** Looks a name up in docker's order: containers before images. Asked for one kind only, it throws that kind's error. */
async function lookUp(engine: Engine, name: string, { kinds, size, image, signal }: LookUpOptions): Promise<Inspected> {
  for (const kind of kinds) {
    try {
      if (kind === 'image') {
        const data = imageDocument(await engine.images.inspect(name, image));
        return { data, mapKeys: imageMapKeys, ifAny: imageOptionalFields };
      }
      const data = (await engine.containers.inspect(name, { size, signal })) as ValueMap;
      return { data, mapKeys: containerMapKeys, ifAny: new Set() };
    } catch (error) {
      if (kinds.length === 1 || !isStrataError(error) || !unknownCodes.has(error.code)) throw error;
    }
  }
  throw new StrataError({
    code: 'ERR_OBJECT_UNKNOWN',
    message: `No such object: ${name.slice(0, 256)}`,
    hint: 'List all containers and images (strata ps -a, strata images).',
  });
}

const unknownCodes: ReadonlySet<string> = new Set([
  'ERR_CONTAINER_NOT_FOUND',
  'ERR_IMAGE_NOT_FOUND',
  'ERR_REFERENCE_INVALID',
]);

const containerMapKeys: ReadonlySet<string> = new Set([
  'Annotations',
  'Data',
  'ExposedPorts',
  'Labels',
  'Networks',
  'Ports',
  'Sysctls',
  'Tmpfs',
  'Volumes',
]);
