import type { Command } from 'commander';
import { infoDocument } from '../../engine/docker/info-document.ts';
import type { SettingOrigin, SystemInfo } from '../../engine/index.ts';
import { formatStruct } from '../../query/format.ts';
import type { CliContext } from '../context.ts';
import { inspectFormatText } from '../flags/format-flag.ts';
import { readInspectFormat } from '../flags/read-inspect-format.ts';
import { settingFlags } from '../flags/setting-flags.ts';

export function define(command: Command, context: CliContext): void {
  command
    .option('-f, --format <template>', inspectFormatText)
    .action(async (flags: { readonly format?: string }) => info(context, flags.format));
}

async function info(context: CliContext, text: string | undefined): Promise<void> {
  // An empty value counts as absent, as in docker.
  const format = text ? readInspectFormat(text) : undefined;
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
  const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no');
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
    ` overlay: ${yesOrNo(kernel.overlay.available)}`,
    ` openat2: ${yesOrNo(kernel.openat2)}`,
    ` erofs: ${yesOrNo(kernel.erofs)}`,
    ` fuse: ${yesOrNo(kernel.fuse)}`,
    ` user namespaces: ${yesOrNo(kernel.userNamespaces)}`,
    ` cgroups: ${kernel.cgroups}`,
    `Platform: ${versions.platform}`,
    `Configuration: ${configuration.file ?? 'no file'}`,
    ...configuration.settings.map(
      ({ key, value, origin }) => ` ${key}: ${formatValue(value)} (${nameOf(key, origin)})`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

const formatValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Returns the source of a value. The path of the file is printed above all values. */
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
