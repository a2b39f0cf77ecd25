import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { removeTree } from '../sys/remove-tree.ts';
import { type Filesystem, filesystemOf } from './filesystem-of.ts';
import { type FileAbilities, probeFiles } from './probe-files.ts';

/** The environment in which drivers are probed: a scratch directory on the store's filesystem. Disposal removes it. */
export class ProbeEnvironment implements Disposable {
  readonly root: string;
  readonly rootless: boolean;
  /** Undefined where the kernel does not list it. */
  readonly filesystem: Filesystem | undefined;
  readonly #scratch: string;
  #files: FileAbilities | undefined;

  /** Creates a missing root. Throws ERR_STORAGE_ROOT_UNUSABLE. */
  constructor(root: string, rootless: boolean) {
    this.root = root;
    this.rootless = rootless;
    this.#scratch = makeScratch(root);
    try {
      this.filesystem = filesystemOf(root);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The filesystem's name in messages, such as `ext4 (/var)`. */
  get name(): string {
    return this.filesystem ? `${this.filesystem.type} (${this.filesystem.mountPoint})` : 'this filesystem';
  }

  /** Attributes of files that the filesystem keeps, tried once for all drivers. */
  get files(): FileAbilities {
    this.#files ??= probeFiles(this.folder('files'));
    return this.#files;
  }

  /** Returns the path of a directory for one driver's probe, which creates it. */
  folder(name: string): string {
    return join(this.#scratch, name);
  }

  [Symbol.dispose](): void {
    removeTree(this.#scratch);
  }
}

function makeScratch(root: string): string {
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    return mkdtempSync(join(root, '.probe-'));
  } catch (cause) {
    throw new StrataError({
      code: 'ERR_STORAGE_ROOT_UNUSABLE',
      message: `root ${root}: cannot be written (${errnoOf(cause) ?? String(cause)})`,
      hint: 'Choose another folder for the store.',
      cause,
    });
  }
}
