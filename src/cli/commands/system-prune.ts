import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../context.ts';
import { collect } from '../flags/flags.ts';
import { readFilters } from '../flags/read-filters.ts';
import { formatDeletedIds, formatDeletedImages, formatReclaimedSpace, formatWarnings } from '../render/prune-report.ts';
import { confirm } from '../terminal/confirm.ts';

interface SystemPruneFlags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly volumes?: boolean;
  readonly filter: readonly string[];
}

export function define(command: Command, context: CliContext): void {
  command
    .option('-a, --all', 'Remove all unused images not just dangling ones, and all build cache')
    .option('-f, --force', 'Do not prompt for confirmation')
    .option('--volumes', 'Prune anonymous volumes (without effect: there are none yet)')
    .option('--filter <name=value>', 'Provide filter values (e.g. "label=<key>=<value>")', collect, [])
    .action(async (flags: SystemPruneFlags) => prune({ command, context }, flags));
}

async function prune({ command, context }: VerbCall, flags: SystemPruneFlags): Promise<void> {
  const filters = readFilters(command, flags.filter, '--filter');
  const engine = await context.engine();
  const { signal } = context;
  const transfers = await engine.system.transfers({ signal });
  if (flags.force !== true && !(await confirm(context, warningOf(flags, transfers.length > 0)))) return;
  const request = { filters, signal };
  const all = flags.all === true;
  const containers = await engine.containers.prune(request);
  context.out(formatDeletedIds('Deleted Containers', containers.deleted));
  const images = await engine.images.prune({ ...request, all });
  context.out(formatDeletedImages(images));
  // Build cache and transfers have no labels, so a filter by label excludes them.
  const isLabelled = filters.names.some((name) => name !== 'until');
  const cache = isLabelled ? undefined : await engine.builder.prune({ ...request, all });
  context.out(formatDeletedIds('Deleted build cache objects', cache?.deleted ?? []));
  const unfinished = isLabelled ? undefined : await engine.system.pruneTransfers(request);
  context.out(formatDeletedIds('Deleted unfinished transfers', unfinished?.deleted ?? []));
  const pruned = [containers, images, cache, unfinished];
  context.out(formatReclaimedSpace(pruned.reduce((total, each) => total + (each?.reclaimedBytes ?? 0), 0)));
  // Each prune retries all failed deletions, so the last one's warnings are complete.
  context.err(formatWarnings((cache ?? images).warnings));
}

function warningOf({ all, volumes, filter }: SystemPruneFlags, hasTransfers: boolean): string {
  const what = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes === true ? ['all anonymous volumes not used by at least one container'] : []),
    all === true ? 'all images without at least one container associated to them' : 'all dangling images',
    all === true ? 'all build cache' : 'unused build cache',
    ...(hasTransfers ? ['all unfinished downloads and uploads'] : []),
  ];
  const list = (items: readonly string[]): string => items.map((item) => `  - ${item}\n`).join('');
  const filtered = filter.length === 0 ? '' : `  Items to be pruned will be filtered with:\n${list(filter)}\n`;
  return `WARNING! This will remove:\n${list(what)}\n${filtered}`;
}
