import type { Command } from 'commander';
import { describeVersions } from '../../engine/versions.ts';
import { formatInspected } from '../../query/format.ts';
import type { CliContext } from '../context.ts';
import { noMaps, plain } from '../render/plain.ts';

export function define(command: Command, context: CliContext): void {
  command
    .option('-f, --format <template>', 'json, or a Go template')
    .action(async (flags: { readonly format?: string }) => {
      const versions = await describeVersions();
      if (flags.format !== undefined) {
        return context.out(`${formatInspected(flags.format, plain(versions), noMaps)}\n`);
      }
      const rows = [
        ['Strata', versions.strata],
        ['Node', versions.node],
        ['Runtime', versions.runtime ?? 'missing'],
        ['Kernel', versions.kernel],
        ['Platform', versions.platform],
      ] as const;
      context.out(rows.map(([name, value]) => `${`${name}:`.padEnd(10)} ${value}\n`).join(''));
    });
}
