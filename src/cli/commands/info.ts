import type { Command } from 'commander';
import { infoDocument } from '../../engine/docker/info-document.ts';
import type { SettingOrigin, SystemInfo } from '../../engine/index.ts';
import { formatStruct } from '../../query/format.ts';
import type { CliContext } from '../context.ts';
import { inspectFormat } from '../flags/inspect-format.ts';
import { settingFlags } from '../flags/setting-flags.ts';

export function define(command: Command, context: CliContext): void {
  command
    .option('-f, --format <template>', 'json, or a Go template')
    .action(async (flags: { readonly format?: string }) => info(context, flags.format));
}

async function info(context: CliContext, text: string | undefined): Promise<void> {
  // As docker: empty is the same as not given.
  const format = text ? inspectFormat(text) : undefined;
  const engine = await context.engine();
  const found = await engine.system.info();
  if (format !== undefined) {
    const debug = context.globals.debug === true;
    context.out(`${formatStruct(format, infoDocument(found, { now: new Date(), debug }))}\n`);
    return;
  }
  context.out(render(found));
  for (const warning of found.warnings) context.err(`WARNING: ${warning}\n`);
}

function render(found: SystemInfo): string {
  const { versions, root, images, containers, drivers, kernel, runtime, configuration } = found;
  const yes = (is: boolean): string => (is ? 'yes' : 'no');
  const chosen = drivers.find((finding) => finding.chosen);
  const lines = [
    `Strata: ${versions.strata} on Node ${versions.node}`,
    `Root: ${root}`,
    `Images: ${images}`,
    `Containers: ${containers.total}`,
    ` Running: ${containers.running}`,
    ` Paused: ${containers.paused}`,
    ` Stopped: ${containers.stopped}`,
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
    `Configuration: ${configuration.file ?? 'no file'}`,
    ...configuration.settings.map(({ key, value, origin }) => ` ${key}: ${shown(value)} (${nameOf(key, origin)})`),
  ];
  return `${lines.join('\n')}\n`;
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Names the source of a value; the file is named above them all. */
function nameOf(key: string, origin: SettingOrigin): string {
  switch (origin.from) {
    case 'option':
      return settingFlags.get(key) ?? origin.from;
    case 'environment':
      return origin.variable;
    default:
      return origin.from;
  }
}
