import type { Command } from 'commander';
import { parseListingFormat } from '../../query/parse-listing-format.ts';
import { Row } from '../../query/template/values.ts';
import type { CliContext } from '../context.ts';
import { listingFormatText, platformText } from '../flags/format-flag.ts';
import { formatAge, formatId, formatSize } from '../render/image-fields.ts';
import { printable } from '../render/printable.ts';

interface HistoryFlags {
  readonly quiet?: boolean;
  readonly trunc: boolean;
  readonly human: boolean;
  readonly format?: string;
  readonly platform?: string;
}

const headers = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};

/** Headers without `--human`: times are printed in full. */
const headersInFull = { ...headers, CreatedSince: headers.CreatedAt };

const columns = ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'];
const commandWidth = 45;

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image>', 'Name or ID of an image')
    .option('-q, --quiet', 'Only show image IDs')
    .option('--no-trunc', "Don't truncate output")
    .option('-H, --human', 'Print sizes and dates in human readable format', true)
    .option('--no-human', 'Print sizes in bytes and dates in full')
    .option('--format <template>', listingFormatText)
    .option('--platform <platform>', platformText('Show history'))
    .action(async (image: string, flags: HistoryFlags) => history(context, image, flags));
}

async function history(context: CliContext, name: string, flags: HistoryFlags): Promise<void> {
  const engine = await context.engine();
  const { id, steps } = await engine.images.history(name, {
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
    signal: context.signal,
  });
  const now = Date.now();
  // Only the last step is an image of its own. Docker shows the others as missing.
  const rowId = (at: number): string => (at === 0 ? formatId(id, !flags.trunc) : '<missing>');
  const rows = steps.map(({ entry, sizeBytes }, at) => {
    const created = entry.created === undefined ? undefined : new Date(entry.created);
    const size = sizeBytes ?? 0;
    return new Row(
      {
        Comment: printable(entry.comment ?? ''),
        CreatedAt: entry.created ?? '',
        CreatedBy: formatCreatedBy(printable(entry.created_by ?? ''), flags.trunc),
        CreatedSince: flags.human ? formatAge(created, now) : (entry.created ?? ''),
        ID: rowId(at),
        Size: flags.human ? formatSize(size) : String(size),
      },
      '*formatter.historyContext',
    );
  });
  if (flags.quiet === true && flags.format === undefined) {
    context.out(steps.map((_step, at) => `${rowId(at)}\n`).join(''));
    return;
  }
  const format = await parseListingFormat(flags.format ?? '', columns);
  context.out(format.render(flags.human ? headers : headersInFull, rows));
}

function formatCreatedBy(text: string, trunc: boolean): string {
  const line = text.replaceAll('\t', ' ');
  const characters = Array.from(line);
  return trunc && characters.length > commandWidth ? `${characters.slice(0, commandWidth - 1).join('')}…` : line;
}
