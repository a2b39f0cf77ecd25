import type { Command } from 'commander';
import type { Image, LayerChange, MergedFile } from '../../engine/index.ts';
import { parseListingFormat } from '../../query/parse-listing-format.ts';
import { Row } from '../../query/template/values.ts';
import { chooseLayer } from '../choose-layer.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { plainUsageProblem } from '../flags/flags.ts';
import { listingFormatText, platformText } from '../flags/format-flag.ts';
import { listChanges } from '../list-changes.ts';
import { openNamedImage } from '../open-named-image.ts';
import { formatBytes, formatExactFileTime, formatFileTime, formatMode, formatPath } from '../render/file-fields.ts';
import { formatFileName } from '../render/file-name.ts';
import { reportPathProblem } from '../report-path-problem.ts';

interface FilesFlags {
  readonly long?: boolean;
  readonly recursive: boolean;
  readonly layer?: string;
  readonly format?: string;
  readonly platform?: string;
}

interface Listed {
  readonly file: MergedFile;
  /** Set when the changes of a layer are listed. */
  readonly change?: LayerChange['change'];
}

const headers = {
  Change: 'CHANGE',
  Device: 'DEVICE',
  GID: 'GID',
  Layer: 'LAYER',
  LinkTarget: 'LINK TARGET',
  ModTime: 'MODIFIED',
  Mode: 'MODE',
  Path: 'PATH',
  Size: 'SIZE',
  Type: 'TYPE',
  UID: 'UID',
};

const columns = ['Mode', 'UID', 'GID', 'Size', 'ModTime', 'Layer', 'Path'];
const letters = { added: 'A', changed: 'C', deleted: 'D' } as const;
const rowsAtOnce = 512;
const leaveOneOut = 'Leave one of them out.';

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image>', 'Name or ID of an image')
    .argument('[path...]', 'Files and directories in the image (default "/"); links to directories are followed')
    .option('-l, --long', 'Show mode, owner, size and time as well')
    .option('--no-recursive', "Don't list subdirectories")
    .option(
      '--layer <layer>',
      'List the files that a layer adds (A), changes (C) and deletes (D): its number from 1 (the base) or its digest',
    )
    .option('--format <template>', listingFormatText)
    .option('--platform <platform>', platformText('List files of the image'))
    .action(async (image: string, paths: readonly string[], flags: FilesFlags) =>
      list({ command, context }, image, paths, flags),
    );
}

async function list(
  { command, context }: VerbCall,
  name: string,
  paths: readonly string[],
  flags: FilesFlags,
): Promise<void> {
  const { layer, format, long = false, platform } = flags;
  if (long && format !== undefined) throw plainUsageProblem('conflicting options: --long and --format', leaveOneOut, 1);
  if (layer !== undefined && !flags.recursive)
    throw plainUsageProblem('conflicting options: --layer and --no-recursive', leaveOneOut, 1);
  const { signal } = context;
  const render = await rendering(long, format);
  await using image = await openNamedImage({ command, context }, name, platform);
  const files =
    layer === undefined
      ? filesAt(context, image, paths, flags)
      : listChanges(context, image, await chooseLayer(image, layer, signal), paths);
  let rows: Listed[] = [];
  for await (const listed of files) {
    rows.push(listed);
    if (render.isWhole || rows.length < rowsAtOnce) continue;
    await context.outBytes(Buffer.from(render.text(rows)));
    rows = [];
  }
  const last = render.text(rows);
  if (last !== '') await context.outBytes(Buffer.from(last));
}

/** Lists the files path by path, in the order given. */
async function* filesAt(
  context: CliContext,
  image: Image,
  paths: readonly string[],
  { recursive }: FilesFlags,
): AsyncGenerator<Listed, void> {
  const { signal } = context;
  for (const path of paths.length === 0 ? ['/'] : paths) {
    try {
      for await (const file of image.files({ path, recursive, signal })) yield { file };
    } catch (error) {
      await reportPathProblem(context, error);
    }
  }
}

interface Rendering {
  /** All rows are needed at once, to compute the widths of the columns. */
  readonly isWhole: boolean;
  text(rows: readonly Listed[]): string;
}

async function rendering(long: boolean, format: string | undefined): Promise<Rendering> {
  if (format === undefined) {
    const line = long ? longLines() : ({ file }: Listed): string => formatPath(file);
    return { isWhole: false, text: (rows) => rows.map((listed) => `${lead(listed)}${line(listed)}\n`).join('') };
  }
  const parsed = await parseListingFormat(format, columns);
  return {
    isWhole: parsed.isTable,
    text: (rows) => (rows.length === 0 && !parsed.isTable ? '' : parsed.render(headers, rows.map(rowOf))),
  };
}

const lead = ({ change }: Listed): string => (change === undefined ? '' : `${letters[change]} `);

/** Formats lines as `tar tv` does: owner and size share a width that grows. */
function longLines(): (listed: Listed) => string {
  let width = 19;
  return ({ file }) => {
    const owner = `${file.uid}/${file.gid}`;
    const size = formatBytes(file);
    width = Math.max(width, owner.length + size.length + 1);
    const target = file.kind === 'symlink' ? ` -> ${formatFileName(file.linkPath)}` : '';
    const fields = `${owner}${size.padStart(width - owner.length)}`;
    return `${formatMode(file)} ${fields} ${formatFileTime(file)} ${formatPath(file)}${target}`;
  };
}

function rowOf({ file, change }: Listed): Row {
  const { kind, uid, gid, sizeBytes, linkPath, deviceMajor, deviceMinor, layer } = file;
  const isDevice = kind === 'character-device' || kind === 'block-device';
  return new Row(
    {
      Change: change ?? '',
      Device: isDevice ? `${deviceMajor},${deviceMinor}` : '',
      GID: gid,
      Layer: layer + 1,
      LinkTarget: kind === 'symlink' ? formatFileName(linkPath) : '',
      ModTime: formatExactFileTime(file),
      Mode: formatMode(file),
      Path: formatPath(file),
      Size: sizeBytes,
      Type: kind,
      UID: uid,
    },
    '*formatter.fileContext',
  );
}
