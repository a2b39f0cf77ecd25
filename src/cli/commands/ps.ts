import type { Command } from 'commander';
import type { ContainerSummary } from '../../engine/index.ts';
import { parseListingFormat } from '../../query/parse-listing-format.ts';
import { Row } from '../../query/template/values.ts';
import { humanSize } from '../../query/units.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { parseWholeNumber } from '../flags/container-flags.ts';
import { collect, hintForArguments } from '../flags/flags.ts';
import { listingFormatText } from '../flags/format-flag.ts';
import { readFilters } from '../flags/read-filters.ts';
import { formatCommand } from '../render/format-command.ts';
import { formatContainerImage } from '../render/format-container-image.ts';
import { formatAge, formatId, formatTime } from '../render/image-fields.ts';

interface PsFlags {
  readonly all?: boolean;
  readonly last?: string;
  readonly latest?: boolean;
  readonly trunc: boolean;
  readonly quiet?: boolean;
  readonly format?: string;
  readonly filter: readonly string[];
  readonly size?: boolean;
}

const headers = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  State: 'STATE',
  Ports: 'PORTS',
  Names: 'NAMES',
  Labels: 'LABELS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Size: 'SIZE',
};

const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];

// Docker's format for scripts, older than its templates: a field a line, and an empty line after each container.
const raw = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{.State}}
status: {{.Status}}
names: {{.Names}}
labels:{{if .Labels}} {{.Labels}}{{end}}
ports:{{if .Ports}} {{.Ports}}{{end}}
`;

const ignoredFormat = 'WARNING: Ignoring custom format, because both --format and --quiet are set.\n';

export function define(command: Command, context: CliContext): void {
  command
    .option('-a, --all', 'Show all containers (default shows just running)')
    .option('-n, --last <number>', 'Show n last created containers (includes all states)')
    .option('-l, --latest', 'Show the latest created container (includes all states)')
    .option('--no-trunc', "Don't truncate output")
    .option('-q, --quiet', 'Only display container IDs')
    .option(
      '-f, --filter <name=value>',
      'Filter output based on conditions provided: id, name, label, status, exited, ancestor, before, since, …',
      collect,
      [],
    )
    .option('-s, --size', 'Display total file sizes')
    .option('--format <template>', listingFormatText)
    .action(async (flags: PsFlags) => ps({ command, context }, flags));
  hintForArguments(command, ([name]) => `Filter by name: 'strata ps -f name=${name}'.`);
}

async function ps({ command, context }: VerbCall, flags: PsFlags): Promise<void> {
  const given = parseWholeNumber(command, '-n, --last', flags.last ?? '-1');
  const last = flags.latest === true && given < 0 ? 1 : given;
  const { containers } = await context.engine();
  const isRaw = flags.format === 'raw';
  const rawText = flags.size === true ? `${raw}size: {{.Size}}\n` : raw;
  const format = await parseListingFormat(
    isRaw ? rawText : (flags.format ?? ''),
    flags.size === true ? [...columns, 'Size'] : columns,
  );
  const list = await containers.list({
    all: flags.all,
    last,
    filters: readFilters(command, flags.filter, '-f, --filter'),
    // Sizes take a while to count, so they are counted only if they are shown.
    size: flags.size === true || /\.Size\b|\bjson \.(?!\w)/.test(flags.format ?? ''),
    signal: context.signal,
  });
  if (flags.quiet === true) {
    if (flags.format) context.err(ignoredFormat);
    const before = isRaw ? 'container_id: ' : '';
    context.out(list.map(({ id }) => `${before}${formatId(id, !flags.trunc)}\n`).join(''));
    return;
  }
  const now = Date.now();
  const rows = list.map((container) => rowOf(container, !flags.trunc, now));
  context.out(format.render(headers, rows));
}

const mountLength = 15;

const formatMount = (path: string, whole: boolean): string =>
  whole || path.length <= mountLength ? path : `${path.slice(0, mountLength - 1)}…`;

const formatContainerSize = (size: ContainerSummary['size']): string =>
  // Docker's text for a size that was not counted.
  size === undefined ? '0B' : `${humanSize(size.writtenBytes, 3)} (virtual ${humanSize(size.rootBytes, 3)})`;

const labelOf = ({ labels }: ContainerSummary, name: string): string =>
  Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';

const rowOf = (container: ContainerSummary, whole: boolean, now: number): Row =>
  new Row(
    {
      Command: formatCommand(container.command, whole),
      CreatedAt: formatTime(container.createdAt),
      ID: formatId(container.id, whole),
      Image: formatContainerImage(container, whole),
      Labels: Object.entries(container.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(','),
      LocalVolumes: '0',
      Mounts: container.mounts.map((mount) => formatMount(mount, whole)).join(','),
      Names: container.name,
      Networks: container.network,
      Ports: '',
      RunningFor: formatAge(container.createdAt, now),
      Size: formatContainerSize(container.size),
      State: container.state,
      Status: container.status,
    },
    '*formatter.ContainerContext',
    { Label: { parameters: ['string'], run: ([name]) => labelOf(container, String(name as string)) } },
  );
