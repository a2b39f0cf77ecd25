import { rmSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { outputFailure } from '../../content/disk-failure.ts';
import { StrataError } from '../../errors/index.ts';
import { AT_FDCWD, AT_SYMLINK_FOLLOW, O_TMPFILE, O_WRONLY } from '../../sys/constants.ts';
import { errnoOf } from '../../sys/errno.ts';
import { linkAt } from '../../sys/fs-at.ts';
import { ifThere } from '../../sys/if-there.ts';
import { randomHex } from '../../sys/random-hex.ts';
import { writeWhole } from '../../sys/write-whole.ts';
import type { WriteBytes } from './archive-writer.ts';

/** Throws ERR_OUTPUT_INVALID in docker's words; `task` is the work that fails, such as `save image`. */
export function checkOutputPath(path: string, task: string): void {
  if (statOf(dirname(path))?.isDirectory() !== true) {
    throw invalidOutput(
      task,
      `directory "${dirname(path)}" does not exist`,
      'Make that folder first, or choose another path.',
    );
  }
  const existing = statOf(path);
  if (existing !== undefined && !existing.isFile())
    throw invalidOutput(task, `"${path}" must be a regular file`, 'Give the path of a new or a regular file.');
}

function statOf(path: string): Stats | undefined {
  return ifThere(() => statSync(path), ['ENOTDIR']);
}

const invalidOutput = (task: string, reason: string, hint: string): StrataError =>
  new StrataError({
    code: 'ERR_OUTPUT_INVALID',
    message: `failed to ${task}: invalid output path: ${reason}`,
    hint,
  });

export interface OutputFileOptions {
  /** False uses a named temporary file even on filesystems that support unnamed ones. */
  readonly unnamed?: boolean;
}

/**
 * Writes a file that appears only when it is complete. An incomplete one is removed; on most filesystems it vanishes
 * even when the process is killed. Throws ERR_NO_SPACE.
 */
export async function writeOutputFile(
  path: string,
  writeAll: (write: WriteBytes) => Promise<void>,
  { unnamed = true }: OutputFileOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.strata-save-${randomHex(6)}`);
  try {
    const nameless = unnamed ? await withOutputFailure(folder, () => openUnnamed(folder)) : undefined;
    await using file = nameless ?? (await withOutputFailure(folder, () => open(temporary, 'wx', 0o600)));
    await writeAll((chunk) => withOutputFailure(folder, () => writeWhole(file, chunk)));
    await withOutputFailure(folder, async () => {
      if (nameless && nameIfFree(nameless, path)) return;
      // Replacing an existing file at once takes a rename, so the new file needs a name first.
      if (nameless) nameIfFree(nameless, temporary);
      await rename(temporary, path);
    });
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Marks a failure of the output's own filesystem, as opposed to one of the source of its bytes. */
async function withOutputFailure<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw outputFailure(error, folder);
  }
}

/** Undefined if the filesystem has no unnamed files. */
async function openUnnamed(folder: string): Promise<FileHandle | undefined> {
  try {
    return await open(folder, O_TMPFILE | O_WRONLY, 0o600);
  } catch (error) {
    if (['EOPNOTSUPP', 'EISDIR', 'EINVAL'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function nameIfFree(file: FileHandle, path: string): boolean {
  try {
    linkAt(AT_FDCWD, `/proc/self/fd/${file.fd}`, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
