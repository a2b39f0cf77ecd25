import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import type { Called, CliContext } from '../context.ts';
import { collect, notYetFlags } from '../flags.ts';
import { readFilters } from '../read-filters.ts';
import { prunedIds, reclaimedSpace } from '../render/pruned.ts';

interface PruneFlags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter: readonly string[];
}

export function define(command: Command, context: CliContext): void {
  command
    .option('-a, --all', 'also steps that images stand on; the images stay')
    .option('-f, --force', 'do not ask')
    .option('--filter <name=value>', 'until: only what was not used since', collect, [])
    .action(async (flags: PruneFlags) => prune({ command, context }, flags));
  notYetFlags(command, ['--keep-storage <bytes>']);
}

async function prune({ command, context }: Called, flags: PruneFlags): Promise<void> {
  const filters = readFilters(command, flags.filter, '--filter');
  const all = flags.all === true;
  const warning = `WARNING! This will remove all ${all ? '' : 'dangling '}build cache. `;
  if (flags.force !== true && !(await confirm(context, warning))) return;
  const engine = await context.engine();
  const { deleted, reclaimedBytes } = await engine.pruneBuildCache({ all, filters, signal: context.signal });
  context.out(prunedIds('Deleted build cache objects', deleted) + reclaimedSpace(reclaimedBytes));
}
