import { randomBytes } from 'node:crypto';
import { rmSync, type Stats, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskFailure } from '../content/disk-failure.ts';
import { StrataError } from '../errors/index.ts';
import type { WriteBytes } from '../images/save/archive-writer.ts';
import { errnoOf } from '../sys/errno.ts';

/** Throws ERR_OUTPUT_INVALID in docker's words; `task` is what fails, such as `save image`. */
export function checkOutput(path: string, task: string): void {
  if (statOf(dirname(path))?.isDirectory() !== true) {
    throw invalidOutput(task, `directory "${dirname(path)}" does not exist`);
  }
  const standing = statOf(path);
  if (standing !== undefined && !standing.isFile()) throw invalidOutput(task, `"${path}" must be a regular file`);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

const invalidOutput = (task: string, reason: string): StrataError =>
  new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_OUTPUT_INVALID',
    message: `failed to ${task}: invalid output path: ${reason}`,
  });

/** The file appears when it is whole; nothing stays of one that is not. Throws ERR_NO_SPACE. */
export async function intoFile(path: string, writeAll: (write: WriteBytes) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.strata-save-${randomBytes(6).toString('hex')}`);
  try {
    await using file = await open(temporary, 'wx', 0o600);
    await writeAll(async (chunk) => {
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
    });
    await rename(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskFailure(error, dirname(path));
  }
}
