import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../context.ts';
import { parseBytes, readFlag } from '../flags/flag-values.ts';
import { collect, notYetFlags } from '../flags/flags.ts';
import { oneBuilderFlag } from '../flags/later-build-flags.ts';
import { readFilters } from '../flags/read-filters.ts';
import { formatDeletedIds, formatReclaimedSpace, formatWarnings } from '../render/prune-report.ts';
import { confirm } from '../terminal/confirm.ts';

interface BuilderPruneFlags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter: readonly string[];
  readonly keepStorage?: number;
}

export function define(command: Command, context: CliContext): void {
  command
    .option('-a, --all', 'Remove all unused build cache, not just dangling ones')
    .option('-f, --force', 'Do not prompt for confirmation')
    .option('--filter <name=value>', 'Provide filter values (e.g. "until=24h")', collect, [])
    .option('--keep-storage <bytes>', 'Amount of disk space to keep for cache', (text) =>
      readFlag(command, '--keep-storage', text, parseBytes),
    )
    .action(async (flags: BuilderPruneFlags) => prune({ command, context }, flags));
  notYetFlags(command, [oneBuilderFlag, ['--verbose', "List the cache with 'strata builder du' first."]]);
}

async function prune({ command, context }: VerbCall, flags: BuilderPruneFlags): Promise<void> {
  const filters = readFilters(command, flags.filter, '--filter');
  const all = flags.all === true;
  const warning = `WARNING! This will remove all ${all ? '' : 'dangling '}build cache. `;
  if (flags.force !== true && !(await confirm(context, warning))) return;
  const engine = await context.engine();
  const { deleted, reclaimedBytes, warnings } = await engine.builder.prune({
    all,
    filters,
    ...(flags.keepStorage === undefined ? {} : { keepBytes: flags.keepStorage }),
    signal: context.signal,
  });
  context.out(formatDeletedIds('Deleted build cache objects', deleted) + formatReclaimedSpace(reclaimedBytes));
  context.err(formatWarnings(warnings));
}
