import type { Command } from 'commander';
import type { ImageSummary } from '../../engine/index.ts';
import { StrataError } from '../../errors/index.ts';
import { parseListingFormat } from '../../query/parse-listing-format.ts';
import { Row } from '../../query/template/values.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { collect } from '../flags/flags.ts';
import { listingFormatText } from '../flags/format-flag.ts';
import { readFilters } from '../flags/read-filters.ts';
import { formatAge, formatId, formatSize, formatTime } from '../render/image-fields.ts';

interface ImagesFlags {
  readonly quiet?: boolean;
  readonly digests?: boolean;
  readonly trunc: boolean;
  readonly filter: readonly string[];
  readonly format?: string;
  readonly tree?: boolean;
}

const headers = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
};

const columns = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'];
const columnsWithDigests = ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'];

export function define(command: Command, context: CliContext): void {
  command
    .argument('[repository]', 'Only images of this repository, or with this tag')
    .option('-a, --all', 'Show all images (without effect: there are no intermediate images)')
    .option('-q, --quiet', 'Only show image IDs')
    .option('--digests', 'Show digests')
    .option('--no-trunc', "Don't truncate output")
    .option(
      '-f, --filter <name=value>',
      'Filter output based on conditions provided: dangling, label, before, since, reference, until',
      collect,
      [],
    )
    .option('--format <template>', listingFormatText)
    .option('--tree', 'List images as a tree of the layers that they share')
    .action(async (repository: string | undefined, flags: ImagesFlags) =>
      images({ command, context }, repository, flags),
    );
}

async function images(
  { command, context }: VerbCall,
  repository: string | undefined,
  flags: ImagesFlags,
): Promise<void> {
  const patterns = repository === undefined ? [] : [`reference=${repository}`];
  const filters = readFilters(command, [...flags.filter, ...patterns], '-f, --filter');
  refuseWithTree(flags);
  const engine = await context.engine();
  if (flags.tree === true) {
    const { imageTreeJson, renderImageTree } = await import('../render/image-tree.ts');
    const tree = await engine.images.tree({ filters: filters });
    const width = process.stdout.isTTY ? process.stdout.columns : 80;
    context.out(flags.format === 'json' ? imageTreeJson(tree) : renderImageTree(tree, { width, whole: !flags.trunc }));
    return;
  }
  const rows = await engine.images.list({ filters: filters });
  if (flags.quiet === true && flags.format === undefined) {
    // An image is listed once for each name, as in docker.
    context.out(rows.map(({ id }) => `${formatId(id, !flags.trunc)}\n`).join(''));
    return;
  }
  const format = await parseListingFormat(flags.format ?? '', flags.digests === true ? columnsWithDigests : columns);
  const now = Date.now();
  context.out(
    format.render(
      headers,
      rows.map((image) => rowOf(image, !flags.trunc, now)),
    ),
  );
}

/** Refuses flags that docker refuses with `--tree`, in its words, except `--format json`. */
function refuseWithTree({ tree, quiet, digests, format }: ImagesFlags): void {
  const refused = [
    ...(quiet === true ? ['--quiet'] : []),
    ...(digests === true ? ['--show-digest'] : []),
    ...(format === undefined || format === 'json' ? [] : ['--format']),
  ];
  if (tree !== true || refused.length === 0) return;
  throw new StrataError({
    code: 'ERR_FLAGS_CONFLICT',
    message: `${refused[0]} is not yet supported with --tree`,
    hint: 'Leave it out, or use --tree with --format json.',
  });
}

const rowOf = (image: ImageSummary, whole: boolean, now: number): Row =>
  new Row(
    {
      Containers: 'N/A',
      CreatedAt: formatTime(image.createdAt),
      CreatedSince: formatAge(image.createdAt, now),
      Digest: image.digest ?? '<none>',
      ID: formatId(image.id, whole),
      Repository: image.repository ?? '<none>',
      SharedSize: 'N/A',
      Size: formatSize(image.sizeBytes),
      Tag: image.tag ?? '<none>',
      UniqueSize: 'N/A',
    },
    '*formatter.imageContext',
  );
