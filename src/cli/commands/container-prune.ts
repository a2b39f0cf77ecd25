import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../context.ts';
import { collect } from '../flags/flags.ts';
import { readFilters } from '../flags/read-filters.ts';
import { formatDeletedIds, formatReclaimedSpace, formatWarnings } from '../render/prune-report.ts';
import { confirm } from '../terminal/confirm.ts';

interface ContainerPruneFlags {
  readonly force?: boolean;
  readonly filter: readonly string[];
}

export function define(command: Command, context: CliContext): void {
  command
    .option('-f, --force', 'Do not prompt for confirmation')
    .option('--filter <name=value>', 'Provide filter values (e.g. "until=<timestamp>")', collect, [])
    .action(async (flags: ContainerPruneFlags) => prune({ command, context }, flags));
}

async function prune({ command, context }: VerbCall, flags: ContainerPruneFlags): Promise<void> {
  const filters = readFilters(command, flags.filter, '--filter');
  const warning = 'WARNING! This will remove all stopped containers.\n';
  if (flags.force !== true && !(await confirm(context, warning))) return;
  const engine = await context.engine();
  const { deleted, reclaimedBytes, warnings } = await engine.containers.prune({ filters, signal: context.signal });
  context.out(formatDeletedIds('Deleted Containers', deleted) + formatReclaimedSpace(reclaimedBytes));
  context.err(formatWarnings(warnings));
}
