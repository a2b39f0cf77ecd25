import type { Command } from 'commander';
import type { DiskUsage, ImageSummary, UsageRow } from '../../engine/index.ts';
import { tableOf } from '../../query/listing-format.ts';
import { parseListingFormat } from '../../query/parse-listing-format.ts';
import { Row, type ValueMap } from '../../query/template/values.ts';
import { humanSize } from '../../query/units.ts';
import type { CliContext } from '../context.ts';
import { listingFormatText } from '../flags/format-flag.ts';
import { formatCommand } from '../render/format-command.ts';
import { formatContainerImage } from '../render/format-container-image.ts';
import { formatAge, formatId, formatSize } from '../render/image-fields.ts';

interface DfFlags {
  readonly verbose?: boolean;
  readonly format?: string;
}

const headers = { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' };
const columns = ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'];

export function define(command: Command, context: CliContext): void {
  command
    .option('-v, --verbose', 'Show detailed information on space usage')
    .option('--format <template>', listingFormatText)
    .action(async (flags: DfFlags) => diskUsage(context, flags));
}

async function diskUsage(context: CliContext, flags: DfFlags): Promise<void> {
  const engine = await context.engine();
  const usage = await engine.system.diskUsage({ signal: context.signal });
  if (flags.verbose === true && flags.format === undefined) {
    context.out(sections(usage, await engine.images.list()));
    return;
  }
  const rows = [
    rowOf('Images', usage.images, 'Images'),
    rowOf('Containers', usage.containers, 'Containers'),
    rowOf('Local Volumes', usage.volumes, 'Volumes'),
    rowOf('Build Cache', usage.buildCache, 'Builder'),
    rowOf('Blobs', usage.blobs, ''),
    // Docker has no such row, and most stores have no transfers.
    ...(usage.transfers.total === 0 ? [] : [rowOf('Transfers', usage.transfers, '')]),
    rowOf('Other', usage.other, ''),
  ];
  const format = await parseListingFormat(flags.format ?? '', columns);
  context.out(format.render(headers, rows));
}

/** Builds a row. `context` is part of the row's name in docker's errors. */
function rowOf(type: string, { total, active, sizeBytes, reclaimableBytes }: UsageRow, context: string): Row {
  const share = sizeBytes > 0 ? ` (${Math.floor((reclaimableBytes * 100) / sizeBytes)}%)` : '';
  return new Row(
    {
      Active: String(active),
      Reclaimable: `${humanSize(reclaimableBytes)}${share}`,
      Size: humanSize(sizeBytes),
      TotalCount: String(total),
      Type: type,
    },
    `*formatter.diskUsage${context}Context`,
  );
}

function sections(usage: DiskUsage, images: readonly ImageSummary[]): string {
  return [
    `Images space usage:\n\n${imageTable(usage, images)}`,
    `Containers space usage:\n\n${containerTable(usage)}`,
    `Local Volumes space usage:\n\n${table(['VOLUME NAME', 'LINKS', 'SIZE'], [])}`,
    `Build cache usage: ${humanSize(usage.buildCache.sizeBytes)}\n\n${cacheTable(usage)}`,
    // Docker has no such sections.
    `Blobs usage: ${humanSize(usage.blobs.sizeBytes)}\n`,
    ...(usage.transfers.total === 0 ? [] : [`Transfers usage: ${humanSize(usage.transfers.sizeBytes)}\n`]),
    `Other usage: ${humanSize(usage.other.sizeBytes)}\n`,
  ].join('\n');
}

function imageTable({ sharing, containerList }: DiskUsage, images: readonly ImageSummary[]): string {
  const now = Date.now();
  return table(
    ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'],
    onceEach(images).map((image) => {
      const { sharedBytes, uniqueBytes } = sharing.get(image.id) ?? { sharedBytes: 0, uniqueBytes: 0 };
      return [
        image.repository ?? '<none>',
        image.tag ?? '<none>',
        formatId(image.id, false),
        formatAge(image.createdAt, now),
        formatSize(image.sizeBytes),
        humanSize(sharedBytes),
        humanSize(uniqueBytes),
        String(containerList.filter(({ imageId }) => imageId === image.id).length),
      ];
    }),
  );
}

/** Lists each image once, as docker does here, also if it has several names. */
const onceEach = (images: readonly ImageSummary[]): ImageSummary[] =>
  [...new Map(images.toReversed().map((image) => [image.id, image])).values()].toReversed();

function containerTable({ containerList }: DiskUsage): string {
  const now = Date.now();
  return table(
    ['CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'],
    containerList.map((container) => [
      formatId(container.id, false),
      formatContainerImage(container, false),
      formatCommand(container.command, false),
      '0',
      formatSize(container.sizeBytes),
      formatAge(container.createdAt, now),
      container.statusText,
      container.name,
    ]),
  );
}

function cacheTable({ cachedSteps }: DiskUsage): string {
  const now = Date.now();
  return table(
    ['CACHE ID', 'CACHE TYPE', 'SIZE', 'CREATED', 'LAST USED', 'USAGE', 'SHARED'],
    cachedSteps.map((step) => [
      formatId(step.id, false),
      'regular',
      humanSize(step.sizeBytes),
      formatAge(step.createdAt, now),
      formatAge(step.lastUsedAt, now),
      String(step.useCount),
      String(step.shared),
    ]),
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const fields = headings.map((_, at) => `F${at}`);
  const toMap = (cells: readonly string[]): ValueMap =>
    Object.fromEntries(fields.map((name, at) => [name, cells[at] ?? '']));
  return tableOf(fields).render(
    toMap(headings),
    rows.map((cells) => new Row(toMap(cells), 'row')),
  );
}
