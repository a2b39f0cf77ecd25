import type { Command } from 'commander';
import type { Image, LayerChange, MergedFile } from '../../engine/index.ts';
import { formatRows, parseFormat } from '../../query/format.ts';
import { Row } from '../../query/template/values.ts';
import { chosenLayer } from '../chosen-layer.ts';
import type { CliContext } from '../context.ts';
import { plainUsageProblem } from '../flags/flags.ts';
import { exactFileTime, shownBytes, shownFileTime, shownMode, shownPath } from '../render/file-fields.ts';
import { shownFileName } from '../render/file-name.ts';

interface FilesFlags {
  readonly long?: boolean;
  readonly recursive: boolean;
  readonly layer?: string;
  readonly format?: string;
  readonly platform?: string;
}

interface Listed {
  readonly file: MergedFile;
  /** Given when the changes of one layer are listed. */
  readonly change: LayerChange['change'] | undefined;
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

const columns = '{{.Mode}}\t{{.UID}}\t{{.GID}}\t{{.Size}}\t{{.ModTime}}\t{{.Layer}}\t{{.Path}}';
const letters = { added: 'A', changed: 'C', deleted: 'D' } as const;
const rowsAtOnce = 512;

export function define(command: Command, context: CliContext): void {
  command
    .argument('<image>', 'a name or ID')
    .argument('[path]', 'a file or directory of the image; all of it by default')
    .option('-l, --long', 'mode, owner, size and time as well')
    .option('--no-recursive', 'only what is directly in the directory')
    .option(
      '--layer <layer>',
      'what one layer adds (A), changes (C) and deletes (D): a number from 1, the base, or a digest',
    )
    .option('--format <template>', 'json, table TEMPLATE, or a Go template')
    .option('--platform <platform>', 'of the image for this platform')
    .action(async (image: string, path: string | undefined, flags: FilesFlags) => list(context, image, path, flags));
}

async function list(context: CliContext, name: string, path: string | undefined, flags: FilesFlags): Promise<void> {
  const { layer, format, long = false, platform } = flags;
  if (long && format !== undefined) throw plainUsageProblem('conflicting options: --long and --format', 1);
  if (layer !== undefined && !flags.recursive)
    throw plainUsageProblem('conflicting options: --layer and --no-recursive', 1);
  const { signal } = context;
  const render = rendering(long, format);
  const engine = await context.engine();
  await using image = await engine.images.open(name, { ...(platform === undefined ? {} : { platform }), signal });
  const files =
    layer === undefined
      ? filesOf(image, path, flags, signal)
      : changesOf(image, await chosenLayer(image, layer, signal), path, signal);
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

async function* filesOf(
  image: Image,
  path: string | undefined,
  { recursive }: FilesFlags,
  signal: AbortSignal,
): AsyncGenerator<Listed, void> {
  for await (const file of image.files({ path, recursive, signal })) yield { file, change: undefined };
}

/** Those inside `path`, which the layer may have deleted. */
async function* changesOf(
  image: Image,
  layer: number,
  path: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Listed, void> {
  const parts = (path ?? '').split('/').filter((part) => part !== '' && part !== '.');
  const inside = Buffer.from(parts.join('/'));
  for await (const { change, file } of image.changes(layer, { signal })) {
    const isInside =
      inside.length === 0 ||
      (inside.equals(file.path.subarray(0, inside.length)) && (file.path[inside.length] ?? 0x2f) === 0x2f);
    if (isInside) yield { file, change };
  }
}

interface Rendering {
  /** All rows are needed at once: columns are as wide as the widest. */
  readonly isWhole: boolean;
  text(rows: readonly Listed[]): string;
}

function rendering(long: boolean, format: string | undefined): Rendering {
  if (format === undefined) {
    const line = long ? longLines() : ({ file }: Listed): string => shownPath(file);
    return { isWhole: false, text: (rows) => rows.map((listed) => `${lead(listed)}${line(listed)}\n`).join('') };
  }
  const parsed = parseFormat(format, columns);
  return {
    isWhole: parsed.isTable,
    text: (rows) => (rows.length === 0 && !parsed.isTable ? '' : formatRows(parsed, headers, rows.map(rowOf))),
  };
}

const lead = ({ change }: Listed): string => (change === undefined ? '' : `${letters[change]} `);

/** As `tar tv` has it: owner and size share a width that grows. */
function longLines(): (listed: Listed) => string {
  let width = 19;
  return ({ file }) => {
    const owner = `${file.uid}/${file.gid}`;
    const size = shownBytes(file);
    width = Math.max(width, owner.length + size.length + 1);
    const target = file.kind === 'symlink' ? ` -> ${shownFileName(file.linkPath)}` : '';
    const fields = `${owner}${size.padStart(width - owner.length)}`;
    return `${shownMode(file)} ${fields} ${shownFileTime(file)} ${shownPath(file)}${target}`;
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
      LinkTarget: kind === 'symlink' ? shownFileName(linkPath) : '',
      ModTime: exactFileTime(file),
      Mode: shownMode(file),
      Path: shownPath(file),
      Size: sizeBytes,
      Type: kind,
      UID: uid,
    },
    '*formatter.fileContext',
  );
}
