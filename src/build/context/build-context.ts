import { hasWildcards } from '../../dockerfile/file-pattern.ts';
import { readIgnoreFile } from '../../dockerfile/ignore-file.ts';
import { type FolderMatch, PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { StrataError } from '../../errors/index.ts';
import { compareBytes, displayBytes } from '../../lib/bytes.ts';
import { cleanPath } from '../../lib/clean-path.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../sys/constants.ts';
import { errnoOf } from '../../sys/errno.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { type DirectoryEntry, listFd } from '../../sys/list-at.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, type FileType, statAt, statFd } from '../../sys/stat.ts';
import { stillThere } from './context-changed.ts';
import type { DigestCache } from './digest-cache.ts';
import { expandWildcard, joinPath } from './expand-wildcard.ts';
import { matchOne } from './match-one.ts';
import { openFolder } from './open-folder.ts';
import { dockerfileNotFound, readContextFile } from './read-context-file.ts';

/** Something of the context that a COPY takes along. `dirFd` is valid until the iteration goes on. */
export class ContextEntry {
  /** Below the source: empty for the source itself, else without a leading slash. */
  readonly path: Uint8Array;
  readonly dirFd: number;
  readonly name: Uint8Array;
  /** As the directory lists it; what is opened may be another thing by then. */
  readonly type: FileType;
  #stat: FileStat | undefined;

  constructor(at: Pick<ContextEntry, 'path' | 'dirFd' | 'name' | 'type'>, stat?: FileStat) {
    this.path = at.path;
    this.dirFd = at.dirFd;
    this.name = at.name;
    this.type = at.type;
    this.#stat = stat;
  }

  /** As it was when first asked for, which may be only until the iteration goes on. Throws ERR_CONTEXT_CHANGED. */
  get stat(): FileStat {
    this.#stat ??= stillThere(this.path, () => statAt(this.dirFd, this.name));
    return this.#stat;
  }
}

/** A file or directory that a source pattern names, symlinks on the way resolved inside the context. */
export interface ContextSource {
  /** Base name as written, which is what the copy is called. */
  readonly name: Uint8Array;
  /** Resolved place in the context, without a leading slash; empty for the context itself. */
  readonly path: Uint8Array;
  readonly isDirectory: boolean;
  /** What is left out of it beyond what is ignored: patterns are relative to the source. */
  readonly exclude: PatternMatcher | undefined;
}

export interface FindOptions {
  readonly kind?: 'ADD' | 'COPY';
  readonly exclude?: readonly string[];
}

export interface ContextOptions {
  /** Bytes of an ignore file that is not in the folder. */
  readonly ignoreFile?: Uint8Array | undefined;
  /** False takes the folder as it is. */
  readonly ignores?: boolean | undefined;
  /** What earlier builds know of the folder's files. Saved when the context is closed. */
  readonly digests?: DigestCache | undefined;
}

/** A directory being walked. */
interface Folder {
  readonly fd: number;
  readonly contextPath: Uint8Array;
  readonly path: Uint8Array;
  readonly match: FolderMatch | undefined;
  readonly excludeMatch: FolderMatch | undefined;
  readonly names: readonly DirectoryEntry[];
  next: number;
  /** The directory itself, when it is excluded: told only when something below it is taken after all. */
  untold: ContextEntry | undefined;
}

const slash = 0x2f;
const nothing = new Uint8Array(0);

/**
 * The files a build may read: a folder, less what its `.dockerignore` excludes. The folder's content is a stranger's:
 * everything is reached by descriptor inside it, whatever symlinks it holds or grows meanwhile (moby
 * TestBuildSymlinkBreakout, buildkit testLocalSymlinkEscape).
 */
export class BuildContext implements Disposable {
  readonly #tree: RootedTree;
  readonly #ignored: PatternMatcher;
  readonly digests: DigestCache | undefined;

  private constructor(tree: RootedTree, ignored: PatternMatcher, digests: DigestCache | undefined) {
    this.#tree = tree;
    this.#ignored = ignored;
    this.digests = digests;
  }

  /**
   * Opens a folder. `<dockerfile>.dockerignore` beside the Dockerfile is preferred to the folder's `.dockerignore`; of a
   * Dockerfile that is not in the folder `ignoreFile` is what lies beside it. Throws ERR_CONTEXT_NOT_FOUND, ERR_CONTEXT_FILE, ERR_DOCKERIGNORE_TOO_LARGE, ERR_PATTERN_SYNTAX, ERR_PATTERN_COUNT.
   */
  static open(directory: string, dockerfile?: string, options: ContextOptions = {}): BuildContext {
    const tree = openFolder(directory);
    try {
      const ignore = options.ignores === false ? undefined : readIgnore(tree, dockerfile, options);
      return new BuildContext(
        tree,
        new PatternMatcher(ignore === undefined ? [] : readIgnoreFile(ignore)),
        options.digests,
      );
    } catch (error) {
      tree.close();
      throw error;
    }
  }

  /**
   * The Dockerfile's bytes; it may be ignored for COPY and still be read. Throws ERR_DOCKERFILE_NOT_FOUND,
   * ERR_CONTEXT_FILE.
   */
  readDockerfile(path: string): Uint8Array {
    const bytes = readContextFile(this.#tree, path);
    if (bytes !== undefined) return bytes;
    throw dockerfileNotFound(path);
  }

  /**
   * What one source of a COPY or ADD names: itself, or everything a wildcard matches, which may be nothing; less the
   * files that `--exclude` names. Throws ERR_COPY_SOURCE_NOT_FOUND, ERR_PATTERN_SYNTAX, ERR_PATTERN_COUNT.
   */
  find(source: string, { kind = 'COPY', exclude = [] }: FindOptions = {}): ContextSource[] {
    const matcher = exclude.length === 0 ? undefined : new PatternMatcher(exclude);
    const isTaken = ({ name, isDirectory }: ContextSource): boolean =>
      isDirectory || matcher?.matches(displayBytes(name)) !== true;
    const cleaned = cleanPath(`/${source}`).slice(1);
    if (hasWildcards(cleaned)) {
      const found = expandWildcard(this.#tree, cleaned).flatMap((path) => this.#resolve(path, matcher) ?? []);
      return found.filter(isTaken);
    }
    const found = this.#resolve(Buffer.from(cleaned), matcher);
    if (found !== undefined) return [found].filter(isTaken);
    throw this.#notFound(`${kind} ${source}`, cleaned);
  }

  /**
   * What a source of COPY --parents names: the folder before `/./`, or the context, of which only what matches the rest
   * is taken, and the folders on the way there. Throws as {@link find}.
   */
  findWithParents(source: string, { exclude = [] }: FindOptions = {}): ContextSource[] {
    const pivot = source.indexOf('/./');
    const pattern = cleanPath(`/${source.slice(pivot === -1 ? 0 : pivot + 2)}`).slice(1);
    const only = pattern === '' ? [] : ['**', `!${pattern}`];
    const matcher = only.length + exclude.length === 0 ? undefined : new PatternMatcher([...only, ...exclude]);
    return this.find(pivot === -1 ? '/' : source.slice(0, pivot)).flatMap((above) => {
      if (!above.isDirectory) return [];
      const path = joinPath(above.path, Buffer.from(pattern));
      if (!hasWildcards(pattern) && !this.#isWalked(path)) {
        throw this.#notFound(`COPY ${source}`, displayBytes(path));
      }
      return [{ ...above, exclude: matcher }];
    });
  }

  /**
   * The source and everything below it that is not ignored; folders before what they hold, byte-wise sorted. Throws
   * ERR_CONTEXT_CHANGED for what vanishes meanwhile.
   */
  *walk(source: ContextSource): Generator<ContextEntry> {
    if (!source.isDirectory) {
      const { fd, name } = stillThere(source.path, () => this.#tree.parent(source.path));
      const stat = stillThere(source.path, () => statAt(fd, name));
      yield new ContextEntry({ path: nothing, dirFd: fd, name, type: stat.type }, stat);
      return;
    }
    const fd = stillThere(source.path, () => this.#tree.open(source.path, O_RDONLY | O_DIRECTORY));
    const top = { contextPath: source.path, path: nothing, match: this.#matchOf(source.path) };
    const folders = [folderOf(fd, { ...top, excludeMatch: undefined, untold: undefined })];
    try {
      yield new ContextEntry({ path: nothing, dirFd: fd, name: Buffer.from('.'), type: 'directory' }, statFd(fd));
      for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
        const listed = folder.names[folder.next++];
        if (listed !== undefined) yield* this.#step(folders, folder, listed, source.exclude);
        else {
          folders.pop();
          closeFd(folder.fd);
        }
      }
    } finally {
      for (const folder of folders) closeFd(folder.fd);
    }
  }

  /** Something below a source, as {@link walk} comes by it; `dirFd` is good for the next few calls. Throws ERR_CONTEXT_CHANGED. */
  entry(source: ContextSource, path: Uint8Array): ContextEntry {
    const { fd, name } = stillThere(path, () => this.#tree.parent(joinPath(source.path, path)));
    const stat = stillThere(path, () => statAt(fd, name));
    return new ContextEntry({ path, dirFd: fd, name, type: stat.type }, stat);
  }

  close(): void {
    this.#tree.close();
    this.digests?.save();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *#step(
    folders: Folder[],
    folder: Folder,
    { name, type }: DirectoryEntry,
    exclude: PatternMatcher | undefined,
  ): Generator<ContextEntry> {
    const contextPath = joinPath(folder.contextPath, name);
    const path = joinPath(folder.path, name);
    const isDirectory = type === 'directory';
    const ignored = matchOne(this.#ignored, folder.match, contextPath);
    const excluded = exclude && matchOne(exclude, folder.excludeMatch, path);
    const matched = ignored.matched || excluded?.matched === true;
    if (matched && !(isDirectory && ignored.mayHold() && excluded?.mayHold() !== false)) return;
    const entry = new ContextEntry({ path, dirFd: folder.fd, name, type });
    if (!matched) {
      if (folder.untold !== undefined) {
        for (const above of folders) {
          if (above.untold !== undefined) yield above.untold;
          above.untold = undefined;
        }
      }
      yield entry;
    }
    if (!isDirectory) return;
    const fd = stillThere(contextPath, () => openAt(folder.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    const untold = matched ? entry : undefined;
    folders.push(folderOf(fd, { contextPath, path, match: ignored.folder, excludeMatch: excluded?.folder, untold }));
  }

  #matchOf(path: Uint8Array): FolderMatch | undefined {
    if (path.length === 0) return undefined;
    let match: FolderMatch | undefined;
    const parts = displayBytes(path).split('/');
    for (let count = 1; count <= parts.length; count++) {
      match = this.#ignored.matchesIn(match, parts.slice(0, count).join('/')).folder;
    }
    return match;
  }

  /** Whether {@link walk} comes by: the path is there, and no symlink on the way. */
  #isWalked(path: Uint8Array): boolean {
    const folder = path.subarray(0, Math.max(path.lastIndexOf(slash), 0));
    const above = this.#resolve(folder, undefined);
    return (
      above !== undefined && compareBytes(above.path, folder) === 0 && this.#resolve(path, undefined) !== undefined
    );
  }

  #notFound(what: string, path: string): StrataError {
    return new StrataError({
      kind: 'not-found',
      code: 'ERR_COPY_SOURCE_NOT_FOUND',
      message: `${what}: not found in the build context`,
      hint: this.#ignored.matches(path)
        ? 'The .dockerignore excludes it.'
        : 'Paths are relative to the context, the folder given to build; symlinks do not lead out of it.',
    });
  }

  #resolve(path: Uint8Array, exclude: PatternMatcher | undefined): ContextSource | undefined {
    let fd: number;
    try {
      fd = this.#tree.resolve(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return undefined;
      throw error;
    }
    try {
      const resolved = path.length === 0 ? path : this.#tree.pathOf(fd);
      const isDirectory = statFd(fd).type === 'directory';
      // What a symlink leads to may be excluded though the symlink is not.
      if (this.#isExcluded(path, isDirectory) || this.#isExcluded(resolved, isDirectory)) return undefined;
      return { name: path.subarray(path.lastIndexOf(slash) + 1), path: resolved, isDirectory, exclude };
    } finally {
      closeFd(fd);
    }
  }

  #isExcluded(path: Uint8Array, isDirectory: boolean): boolean {
    const text = displayBytes(path);
    return this.#ignored.matches(text) && !(isDirectory && this.#ignored.mayReincludeBelow(text));
  }
}

function folderOf(fd: number, folder: Omit<Folder, 'fd' | 'names' | 'next'>): Folder {
  try {
    const names = listFd(fd).sort((a, b) => compareBytes(a.name, b.name));
    return { ...folder, fd, names, next: 0 };
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function readIgnore(
  tree: RootedTree,
  dockerfile: string | undefined,
  { ignoreFile }: ContextOptions,
): Uint8Array | undefined {
  const own = dockerfile === undefined ? ignoreFile : readContextFile(tree, `${dockerfile}.dockerignore`);
  return own ?? readContextFile(tree, '.dockerignore');
}
