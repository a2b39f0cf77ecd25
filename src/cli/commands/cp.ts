import { resolve } from 'node:path';
import type { Command } from 'commander';
import { StrataError } from '../../errors/index.ts';
import { humanSize } from '../../query/units.ts';
import type { CliContext } from '../context.ts';

interface CpFlags {
  readonly archive?: boolean;
  readonly followLink?: boolean;
  readonly quiet?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<source>', 'CONTAINER:PATH, a path, or "-" for a tar from standard input')
    .argument('<destination>', 'a path, CONTAINER:PATH, or "-" for a tar to standard output')
    .option('-a, --archive', 'keep user and group')
    .option('-L, --follow-link', 'follow a symbolic link that SOURCE is')
    .option('-q, --quiet', 'say nothing about success; so by default without a terminal')
    .action(async (source: string, destination: string, flags: CpFlags) => copy(context, source, destination, flags));
}

async function copy(context: CliContext, source: string, destination: string, flags: CpFlags): Promise<void> {
  if (source === '') throw refused('source can not be empty');
  if (destination === '') throw refused('destination can not be empty');
  const from = placeOf(source);
  const to = placeOf(destination);
  if (from.container !== undefined && to.container !== undefined)
    throw refused('copying between containers is not supported');
  const { containers } = await context.engine();
  const { followLink, archive: keepOwners } = flags;
  const { signal } = context;
  if (from.container !== undefined) {
    if (from.path === '') throw refused('bad parameter: path cannot be empty');
    const target = to.path === '-' ? context.outBytes : to.path;
    const request = { path: from.path, to: target, followLink, keepOwners, signal };
    const sizeBytes = await containers.copyFrom(from.container, request);
    if (to.path !== '-') tell(context, flags, sizeBytes, resolve(to.path));
  } else if (to.container !== undefined) {
    if (to.path === '') throw refused('bad parameter: path cannot be empty');
    const input = from.path === '-' ? process.stdin : from.path;
    const sizeBytes = await containers.copyTo(to.container, { from: input, path: to.path, followLink, signal });
    tell(context, flags, sizeBytes, destination);
  } else throw refused('must specify at least one container source');
}

function tell(context: CliContext, { quiet }: CpFlags, sizeBytes: number, to: string): void {
  if (quiet ?? !process.stdout.isTTY) return;
  context.err(`Successfully copied ${humanSize(sizeBytes, 3)} to ${to}\n`);
}

interface CopyPlace {
  readonly container: string | undefined;
  readonly path: string;
}

/** As docker cuts it: an absolute path, or one that begins with a dot, is never a container's. */
function placeOf(text: string): CopyPlace {
  const colon = text.indexOf(':');
  if (colon < 0 || text.startsWith('/') || text.startsWith('.')) return { container: undefined, path: text };
  return { container: text.slice(0, colon) || undefined, path: text.slice(colon + 1) };
}

const refused = (message: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_REFUSED',
    message,
    hint: "'strata cp CONTAINER:PATH PATH', or 'strata cp PATH CONTAINER:PATH'.",
  });
