import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../../sys/errno.ts';
import { fileProblem } from '../file-problem.ts';
import { plainUsageProblem } from './flags.ts';

/** The file of `--cidfile`. It is created before the container, and removed at disposal if no ID was written. */
export class CidFile implements Disposable {
  readonly #path: string | undefined;
  #isWritten = false;

  private constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Creates the file; does nothing without a path. Throws ERR_USAGE for an existing file, ERR_FILE_UNUSABLE. */
  static make(path: string | undefined): CidFile {
    if (!path) return new CidFile(undefined);
    try {
      closeSync(openSync(path, 'wx'));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw fileProblem('failed to create the container ID file: open', path, error);
      // Docker's message says what to do.
      throw plainUsageProblem(
        `container ID file found, make sure the other container isn't running or delete ${path}`,
        undefined,
      );
    }
    return new CidFile(path);
  }

  /** Throws ERR_FILE_UNUSABLE. */
  write(id: string): void {
    if (this.#path === undefined) return;
    try {
      writeFileSync(this.#path, id);
    } catch (error) {
      throw fileProblem('failed to write the container ID to the file', this.#path, error);
    }
    this.#isWritten = true;
  }

  [Symbol.dispose](): void {
    if (this.#path !== undefined && !this.#isWritten) rmSync(this.#path, { force: true });
  }
}
