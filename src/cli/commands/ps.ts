import type { Command } from 'commander';
import type { ContainerSummary } from '../../engine/index.ts';
import { formatRows, parseFormat } from '../../query/format.ts';
import { Row } from '../../query/template/values.ts';
import { wholeNumber } from '../container-flags.ts';
import type { Called, CliContext } from '../context.ts';
import { notYetFlags } from '../flags.ts';
import { shownCommand } from '../render/container-command.ts';
import { shownAge, shownId, shownTime } from '../render/image-fields.ts';

interface PsFlags {
  readonly all?: boolean;
  readonly last?: string;
  readonly latest?: boolean;
  readonly trunc: boolean;
  readonly quiet?: boolean;
  readonly format?: string;
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
};

const columns = '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}';

export function define(command: Command, context: CliContext): void {
  command
    .option('-a, --all', 'also those that do not run')
    .option('-n, --last <number>', 'so many of the newest, whatever their state')
    .option('-l, --latest', 'the newest, whatever its state')
    .option('--no-trunc', 'show whole IDs and commands')
    .option('-q, --quiet', 'only IDs')
    .option('--format <template>', 'json, table TEMPLATE, or a Go template')
    .action(async (flags: PsFlags) => ps({ command, context }, flags));
  notYetFlags(command, ['-f, --filter <f>', '-s, --size']);
}

async function ps({ command, context }: Called, flags: PsFlags): Promise<void> {
  const last = flags.latest === true ? 1 : wholeNumber(command, '-n, --last', flags.last ?? '-1');
  const { containers } = await context.engine();
  const list = await containers.list({ all: flags.all, last, signal: context.signal });
  if (flags.quiet === true && flags.format === undefined) {
    context.out(list.map(({ id }) => `${shownId(id, !flags.trunc)}\n`).join(''));
    return;
  }
  const now = Date.now();
  const rows = list.map((container) => rowOf(container, !flags.trunc, now));
  context.out(formatRows(parseFormat(flags.format ?? '', columns), headers, rows));
}

const rowOf = (container: ContainerSummary, whole: boolean, now: number): Row =>
  new Row(
    {
      Command: shownCommand(container.command, whole),
      CreatedAt: shownTime(container.createdAt),
      ID: shownId(container.id, whole),
      Image: container.image,
      Labels: Object.entries(container.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(','),
      LocalVolumes: '0',
      Mounts: '',
      Names: container.name,
      Networks: container.network,
      Ports: '',
      RunningFor: shownAge(container.createdAt, now),
      State: container.state,
      Status: container.status,
    },
    '*formatter.ContainerContext',
    { Label: { parameters: ['string'], run: ([name]) => container.labels[String(name as string)] ?? '' } },
  );
