import type { Command } from 'commander';
import type { SystemInfo } from '../../engine/index.ts';
import { formatInspected } from '../../query/format.ts';
import type { CliContext } from '../context.ts';
import { noMaps, plain } from '../render/plain.ts';

export function define(command: Command, context: CliContext): void {
  command
    .option('-f, --format <template>', 'json, or a Go template')
    .action(async (flags: { readonly format?: string }) => {
      const engine = await context.engine();
      const info = await engine.info();
      context.out(
        flags.format === undefined ? render(info) : `${formatInspected(flags.format, plain(info), noMaps)}\n`,
      );
      for (const warning of info.warnings) context.err(`WARNING: ${warning}\n`);
    });
}

function render({ versions, root, images, containers, drivers, kernel, runtime }: SystemInfo): string {
  const yes = (is: boolean): string => (is ? 'yes' : 'no');
  const chosen = drivers.find((finding) => finding.chosen);
  const lines = [
    `Strata: ${versions.strata} on Node ${versions.node}`,
    `Root: ${root}`,
    `Images: ${images}`,
    `Containers: ${containers}`,
    `Storage Driver: ${chosen?.driver ?? 'none'} (${chosen?.reason ?? 'none works here'})`,
    ...drivers.filter((finding) => !finding.chosen).map(({ driver, reason }) => ` not ${driver}: ${reason}`),
    `Runtime: ${runtime ? `${runtime.name} ${runtime.version} (${runtime.path})` : 'none'}`,
    `Kernel: ${kernel.release}`,
    ` overlay: ${yes(kernel.overlay.available)}`,
    ` openat2: ${yes(kernel.openat2)}`,
    ` erofs: ${yes(kernel.erofs)}`,
    ` fuse: ${yes(kernel.fuse)}`,
    ` user namespaces: ${yes(kernel.userNamespaces)}`,
    ` cgroups: ${kernel.cgroups}`,
    `Platform: ${versions.platform}`,
  ];
  return `${lines.join('\n')}\n`;
}
