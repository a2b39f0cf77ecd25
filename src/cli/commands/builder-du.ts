import type { Command } from 'commander';
import type { CachedStep } from '../../engine/index.ts';
import { parseListingFormat } from '../../query/parse-listing-format.ts';
import { Row } from '../../query/template/values.ts';
import { humanSize } from '../../query/units.ts';
import type { CliContext } from '../context.ts';
import { notYetFlags } from '../flags/flags.ts';
import { listingFormatText } from '../flags/format-flag.ts';
import { oneBuilderFlag } from '../flags/later-build-flags.ts';
import { formatAge } from '../render/image-fields.ts';

interface DuFlags {
  readonly format?: string;
}

const headers = {
  ID: 'ID',
  Reclaimable: 'RECLAIMABLE',
  Size: 'SIZE',
  LastUsed: 'LAST ACCESSED',
  Description: 'DESCRIPTION',
};
const columns = ['ID', 'Reclaimable', 'Size', 'LastUsed', 'Description'];

export function define(command: Command, context: CliContext): void {
  command.option('--format <template>', listingFormatText).action(async (flags: DuFlags) => diskUsage(context, flags));
  notYetFlags(command, [
    oneBuilderFlag,
    ['--filter <f>', 'Leave it out, and filter the output of --format.'],
    ['--verbose', "Leave it out; --format '{{json .}}' prints all fields."],
  ]);
}

/** Prints a line per step. As in BuildKit, a star marks the size of a step shared with an image: a prune does not free it. */
async function diskUsage(context: CliContext, flags: DuFlags): Promise<void> {
  const engine = await context.engine();
  const steps = await engine.builder.list({ signal: context.signal });
  const now = Date.now();
  const rows = steps.map((step) => rowOf(step, now));
  const format = await parseListingFormat(flags.format ?? '', columns);
  context.out(format.render(headers, rows));
  if (flags.format === undefined) context.out(totals(steps));
}

const isReclaimable = ({ inUse, shared }: CachedStep): boolean => !inUse && !shared;

const rowOf = (step: CachedStep, now: number): Row =>
  new Row(
    {
      Description: step.description,
      ID: step.id,
      LastUsed: formatAge(step.lastUsedAt, now),
      Reclaimable: String(isReclaimable(step)),
      Size: `${humanSize(step.sizeBytes)}${step.shared ? '*' : ''}`,
    },
    '*formatter.buildCacheContext',
  );

function totals(steps: readonly CachedStep[]): string {
  const sum = (list: readonly CachedStep[]): string =>
    humanSize(list.reduce((total, { sizeBytes }) => total + sizeBytes, 0));
  return [
    `Shared:      ${sum(steps.filter(({ shared }) => shared))}`,
    `Private:     ${sum(steps.filter(({ shared }) => !shared))}`,
    `Reclaimable: ${sum(steps.filter(isReclaimable))}`,
    `Total:       ${sum(steps)}`,
    '',
  ].join('\n');
}
