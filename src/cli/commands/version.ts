import type { Command } from 'commander';
import { describeVersions } from '../../engine/versions.ts';
import type { CliContext } from '../context.ts';

export function define(command: Command, context: CliContext): void {
  command.option('--format <template>', 'json').action(async (flags: { readonly format?: string }) => {
    const versions = await describeVersions();
    if (flags.format === 'json') return context.out(`${JSON.stringify(versions)}\n`);
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
