import type { Command } from 'commander';
import { versionDocument } from '../../engine/docker/version-document.ts';
import { describeVersions } from '../../engine/versions.ts';
import { formatStruct } from '../../query/format.ts';
import type { CliContext } from '../context.ts';
import { inspectFormatText } from '../flags/format-flag.ts';
import { readInspectFormat } from '../flags/read-inspect-format.ts';

export function define(command: Command, context: CliContext): void {
  command.option('-f, --format <template>', inspectFormatText).action(async (flags: { readonly format?: string }) => {
    // An empty value counts as absent, as in docker.
    const format = flags.format ? readInspectFormat(flags.format) : undefined;
    const { config } = context.globals;
    const versions = await describeVersions(config === undefined ? {} : { configurationFile: config });
    if (format !== undefined) return context.out(`${formatStruct(format, versionDocument(versions))}\n`);
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
