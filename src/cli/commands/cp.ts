import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CopyToRequest, Engine } from '../../engine/index.ts';
import { isStrataError, restate, StrataError } from '../../errors/index.ts';
import { humanSize } from '../../query/units.ts';
import type { CliContext } from '../context.ts';
import { explainImageTarget, explainMissingImage, explainMissingPath } from '../copy-failures.ts';
import { platformText } from '../flags/format-flag.ts';
import { splitImagePath } from '../image-path.ts';

interface CpFlags {
  readonly archive?: boolean;
  readonly followLink?: boolean;
  readonly image?: boolean;
  readonly platform?: string;
  readonly quiet?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<source>', 'CONTAINER:PATH, IMAGE:PATH, a path, or "-" to read a tar archive from STDIN')
    .argument('<destination>', 'Path, CONTAINER:PATH, or "-" to stream a tar archive to STDOUT')
    .option('-a, --archive', 'Archive mode (copy all uid/gid information)')
    .option('-L, --follow-link', 'Always follow symbol link in SRC_PATH')
    .option('--image', 'Copy from an image, even if a container has its name')
    .option('--platform <platform>', platformText('Copy from the image'))
    .option(
      '-q, --quiet',
      'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
    )
    .action(async (source: string, destination: string, flags: CpFlags) => copy(context, source, destination, flags));
}

async function copy(context: CliContext, source: string, destination: string, flags: CpFlags): Promise<void> {
  if (source === '') throw copyRefusal('source can not be empty');
  if (destination === '') throw copyRefusal('destination can not be empty');
  const from = placeOf(source);
  const to = placeOf(destination);
  if (from.container !== undefined && to.container !== undefined) throw betweenContainers(source, destination);
  const engine = await context.engine();
  const { signal } = context;
  if (from.container !== undefined) {
    if (from.path === '') throw copyRefusal('bad parameter: path cannot be empty');
    const sizeBytes = await copyOut(context, engine, source, to.path, flags);
    if (to.path !== '-') reportSuccess(context, flags, sizeBytes, resolve(to.path));
  } else if (to.container !== undefined) {
    if (to.path === '') throw copyRefusal('bad parameter: path cannot be empty');
    if (flags.image === true) throw readOnlyImage();
    const input = from.path === '-' ? process.stdin : from.path;
    const request = { from: input, path: to.path, followLink: flags.followLink, signal };
    const sizeBytes = await copyIn(engine, destination, { ...to, container: to.container }, request);
    reportSuccess(context, flags, sizeBytes, destination);
  } else if (flags.image === true) throw copyRefusal('must specify an image as the source');
  else throw copyRefusal('must specify at least one container source');
}

async function copyIn(
  engine: Engine,
  text: string,
  { container }: { readonly container: string },
  request: CopyToRequest,
): Promise<number> {
  const { signal } = request;
  try {
    return await engine.containers.copyTo(container, request);
  } catch (error) {
    const isAbsent =
      isStrataError(error, 'ERR_CONTAINER_NOT_FOUND') ||
      (isStrataError(error, 'ERR_COPY_NOT_FOUND') && splitImagePath(text).name !== container);
    throw isAbsent ? await explainImageTarget(engine, error, { text, container, signal }) : error;
  }
}

/** Copies out of a container, or out of an image if no container has the name. Returns the bytes copied. */
async function copyOut(
  context: CliContext,
  engine: Engine,
  source: string,
  to: string,
  { image, platform, followLink, archive: keepOwners }: CpFlags,
): Promise<number> {
  const { signal } = context;
  const target = to === '-' ? context.outBytes : to;
  const { container = '', path } = placeOf(source);
  const options = { to: target, followLink, keepOwners, signal };
  const copyOfImage = async (): Promise<number> => {
    const { name, path: inside } = splitImagePath(source);
    return await engine.images.copyFrom(name, {
      ...options,
      path: inside,
      ...(platform === undefined ? {} : { platform }),
    });
  };
  const place = { text: source, container, signal };
  if (image === true || platform !== undefined) {
    return await copyOfImage().catch(async (error: unknown) => {
      throw isUnknownImage(error) ? await explainMissingImage(engine, error, place) : error;
    });
  }
  try {
    return await engine.containers.copyFrom(container, { ...options, path });
  } catch (error) {
    if (isStrataError(error, 'ERR_COPY_NOT_FOUND')) throw await explainMissingPath(engine, error, place);
    if (!isStrataError(error, 'ERR_CONTAINER_NOT_FOUND')) throw error;
    return await copyOfImage().catch((other: unknown) => {
      throw isUnknownImage(other) ? neither(error, source) : other;
    });
  }
}

const isUnknownImage = (error: unknown): error is StrataError =>
  isStrataError(error, 'ERR_IMAGE_NOT_FOUND') || isStrataError(error, 'ERR_REFERENCE_INVALID');

/** Keeps docker's message, which scripts look for. */
const neither = (error: StrataError, source: string): StrataError =>
  restate(error, {
    hint: `There is no image ${splitImagePath(source).name} either. List all containers and images.`,
  });

function reportSuccess(context: CliContext, { quiet }: CpFlags, sizeBytes: number, to: string): void {
  if (quiet ?? !process.stdout.isTTY) return;
  context.err(`Successfully copied ${humanSize(sizeBytes, 3)} to ${to}\n`);
}

interface CopyPlace {
  readonly container: string | undefined;
  readonly path: string;
}

/** Cuts CONTAINER:PATH as docker does: an absolute path, or one that begins with a dot, is never a container's. */
function placeOf(text: string): CopyPlace {
  const colon = text.indexOf(':');
  if (colon < 0 || text.startsWith('/') || text.startsWith('.')) return { container: undefined, path: text };
  return { container: text.slice(0, colon) || undefined, path: text.slice(colon + 1) };
}

const copyRefusal = (message: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_REFUSED',
    message,
    hint: "Use 'strata cp CONTAINER:PATH PATH', 'strata cp IMAGE:PATH PATH' or 'strata cp PATH CONTAINER:PATH'.",
  });

const betweenContainers = (source: string, destination: string): StrataError => {
  const folder = destination.slice(0, destination.lastIndexOf('/') + 1) || destination;
  return new StrataError({
    code: 'ERR_COPY_REFUSED',
    message: 'copying between containers is not supported',
    hint: `Copy through a pipe into a folder: 'strata cp ${source} - | strata cp - ${folder}'.`,
  });
};

const readOnlyImage = (): StrataError =>
  new StrataError({
    code: 'ERR_COPY_REFUSED',
    message: 'copying into an image is not supported: images never change',
    hint: "Build a new image with 'strata build', from a Dockerfile with FROM and COPY.",
  });
