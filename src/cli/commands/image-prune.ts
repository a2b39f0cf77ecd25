import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../context.ts';
import { collect } from '../flags/flags.ts';
import { readFilters } from '../flags/read-filters.ts';
import { formatDeletedImages, formatReclaimedSpace, formatWarnings } from '../render/prune-report.ts';
import { confirm } from '../terminal/confirm.ts';

interface ImagePruneFlags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter: readonly string[];
}

export function define(command: Command, context: CliContext): void {
  command
    .option('-a, --all', 'Remove all unused images, not just dangling ones')
    .option('-f, --force', 'Do not prompt for confirmation')
    .option('--filter <name=value>', 'Provide filter values (e.g. "until=<timestamp>")', collect, [])
    .action(async (flags: ImagePruneFlags) => prune({ command, context }, flags));
}

async function prune({ command, context }: VerbCall, flags: ImagePruneFlags): Promise<void> {
  const filters = readFilters(command, flags.filter, '--filter');
  const all = flags.all === true;
  const what = all ? 'all images without at least one container associated to them.' : 'all dangling images.';
  if (flags.force !== true && !(await confirm(context, `WARNING! This will remove ${what}\n`))) return;
  const engine = await context.engine();
  const removed = await engine.images.prune({ all, filters, signal: context.signal });
  context.out(formatDeletedImages(removed) + formatReclaimedSpace(removed.reclaimedBytes));
  context.err(formatWarnings(removed.warnings));
}
