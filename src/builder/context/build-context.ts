import { hasWildcards } from '../../dockerfile/file-pattern.ts';
import { readIgnoreFile } from '../../dockerfile/ignore-file.ts';
import { type FolderMatch, PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { displayBytes, equalBytes } from '../../lib/bytes.ts';
import { cleanPath } from '../../lib/clean-path.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } from '../../sys/constants.ts';
import type { DirectoryEntry } from '../../sys/directory-listing.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { listFd } from '../../sys/list-at.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, type FileType, statAt, statFd } from '../../sys/stat.ts';
import { expectUnchanged } from './context-changed.ts';
import type { DigestCache } from './digest-cache.ts';
import { expandWildcard, joinPath, removeEscapes } from './expand-wildcard.ts';
import { followPath } from './follow-path.ts';
import { matchOne, type OneMatch } from './match-one.ts';
import { openFolder } from './open-folder.ts';
import { dockerfileNotFoundError, readContextFile } from './read-context-file.ts';
import { brokenLinkError, sourceNotFoundError, type WhyNot } from './source-not-found.ts';

/** An entry of the context that a COPY copies. `dirFd` is valid until the iteration goes on. */
export class ContextEntry {
  /** Path relative to the source, without a leading slash; empty for the source itself. */
  readonly path: Uint8Array;
  readonly dirFd: number;
  readonly name: Uint8Array;
  /** Type in the directory's listing; the opened file may be of another by then. */
  readonly type: FileType;
  #stat: FileStat | undefined;

  constructor(at: Pick<ContextEntry, 'path' | 'dirFd' | 'name' | 'type'>, stat?: FileStat) {
    this.path = at.path;
    this.dirFd = at.dirFd;
    this.name = at.name;
    this.type = at.type;
    this.#stat = stat;
  }

  /** Stat of the first access, which must come before the iteration goes on. Throws ERR_CONTEXT_CHANGED. */
  get stat(): FileStat {
    this.#stat ??= expectUnchanged(this.path, () => statAt(this.dirFd, this.name));
    return this.#stat;
  }
}

/** A file or directory that a source pattern names, symlinks on the way resolved inside the context. */
export interface ContextSource {
  /** Base name as written, which becomes the name of the copy. */
  readonly name: Uint8Array;
  /** Resolved path in the context, without a leading slash; empty for the context itself. */
  readonly path: Uint8Array;
  readonly isDirectory: boolean;
  /** Patterns of entries to leave out besides ignored ones, relative to the source. */
  readonly exclude: PatternMatcher | undefined;
  /** Instruction with a wildcard that matched this path itself, not a symlink to it. */
  readonly matchedBy?: string;
}

/** Result of looking up a path as a build sees it. */
type Lookup =
  | { readonly source: ContextSource }
  // `link` is the path itself when that is a symlink that is not ignored.
  | { readonly source?: undefined; readonly why: WhyNot; readonly link: Uint8Array | undefined };

export interface FindOptions {
  /** Beginning of messages: `COPY`, `ADD`, `COPY --from=build`. */
  readonly verb?: string;
  readonly exclude?: readonly string[];
}

export interface ContextOptions {
  /** Bytes of an ignore file that is not in the folder. */
  readonly ignoreFile?: Uint8Array | undefined;
  /** False ignores nothing. */
  readonly ignores?: boolean | undefined;
  /** Digests of the folder's files from earlier builds. Saved when the context is closed. */
  readonly digests?: DigestCache | undefined;
}

interface ContextParts {
  readonly tree: RootedTree;
  readonly ignored: PatternMatcher;
  readonly digests?: DigestCache | undefined;
  readonly origin?: string;
}

/** A directory being walked. */
interface Folder {
  readonly fd: number;
  readonly contextPath: Uint8Array;
  readonly path: Uint8Array;
  readonly match: FolderMatch | undefined;
  readonly excludeMatch: FolderMatch | undefined;
  /** Entries not visited yet, sorted by bytes. */
  readonly entries: Iterator<DirectoryEntry, void>;
  /** The directory itself when it is excluded: yielded only when an entry below it is not. */
  pending: ContextEntry | undefined;
}

const slash = 0x2f;
const nothing = new Uint8Array(0);

/**
 * The files that a COPY may read: a folder without those that its `.dockerignore` excludes, or the files of a stage or
 * an image. The folder's content is not trusted: everything is reached by descriptor inside it, whatever symlinks it
 * has or gets meanwhile (moby TestBuildSymlinkBreakout, buildkit testLocalSymlinkEscape).
 */
export class BuildContext implements Disposable {
  readonly #tree: RootedTree;
  readonly #ignored: PatternMatcher;
  readonly digests: DigestCache | undefined;
  /** Stage or image of these files, for messages. Undefined for a folder, which may change at any time. */
  readonly origin: string | undefined;

  private constructor({ tree, ignored, digests, origin }: ContextParts) {
    this.#tree = tree;
    this.#ignored = ignored;
    this.digests = digests;
    this.origin = origin;
  }

  /** Opens the files of a stage or an image, called `origin` in messages: none of them is ignored. */
  static openFiles(directory: string, origin: string): BuildContext {
    return new BuildContext({ tree: RootedTree.open(directory), ignored: new PatternMatcher([]), origin });
  }

  /**
   * Opens a folder. `<dockerfile>.dockerignore` beside the Dockerfile is preferred to the folder's `.dockerignore`; for
   * a Dockerfile outside the folder, `ignoreFile` is its content. Throws ERR_CONTEXT_NOT_FOUND, ERR_CONTEXT_FILE,
   * ERR_DOCKERIGNORE_TOO_LARGE, ERR_PATTERN_SYNTAX, ERR_PATTERN_COUNT.
   */
  static open(directory: string, dockerfile?: string, options: ContextOptions = {}): BuildContext {
    const tree = openFolder(directory);
    try {
      const ignore = options.ignores === false ? undefined : readIgnore(tree, dockerfile, options);
      const ignored = new PatternMatcher(ignore === undefined ? [] : readIgnoreFile(ignore));
      return new BuildContext({ tree, ignored, digests: options.digests });
    } catch (error) {
      tree.close();
      throw error;
    }
  }

  /** Reads the Dockerfile, even if it is ignored for COPY. Throws ERR_DOCKERFILE_NOT_FOUND, ERR_CONTEXT_FILE. */
  readDockerfile(path: string): Uint8Array {
    const bytes = readContextFile(this.#tree, path);
    if (bytes !== undefined) return bytes;
    throw dockerfileNotFoundError(path);
  }

  /**
   * Finds one source of a COPY or ADD: a path, or all matches of a wildcard, which may be none, without files that
   * `--exclude` matches. A matched symlink has to lead to an existing file. Throws ERR_COPY_SOURCE_NOT_FOUND,
   * ERR_PATTERN_SYNTAX, ERR_PATTERN_COUNT.
   */
  find(source: string, { verb = 'COPY', exclude = [] }: FindOptions = {}): ContextSource[] {
    const matcher = exclude.length === 0 ? undefined : new PatternMatcher(exclude);
    const isTaken = ({ name, isDirectory }: Pick<ContextSource, 'name' | 'isDirectory'>): boolean =>
      isDirectory || matcher?.matches(displayBytes(name)) !== true;
    const instruction = `${verb} ${source}`;
    const cleaned = cleanPath(`/${source}`).slice(1);
    if (hasWildcards(cleaned)) {
      return this.#expand(cleaned).flatMap((path) => {
        const found = this.#lookUp(path, matcher);
        if (found.source) return [withMatch(found.source, path, instruction)].filter(isTaken);
        if (found.link === undefined || !isTaken({ name: lastOf(path), isDirectory: false })) return [];
        throw brokenLinkError(instruction, found.link, found.why, this.origin);
      });
    }
    const found = this.#lookUp(Buffer.from(cleaned), matcher);
    if (found.source) return [found.source].filter(isTaken);
    throw sourceNotFoundError(instruction, found.why, this.origin);
  }

  /**
   * Finds a source of COPY --parents: the folder before `/./`, or the context, reduced to the matches of the rest and
   * the folders above them. Throws as {@link find}.
   */
  findWithParents(source: string, { verb = 'COPY', exclude = [] }: FindOptions = {}): ContextSource[] {
    const pivot = source.indexOf('/./');
    const pattern = cleanPath(`/${source.slice(pivot === -1 ? 0 : pivot + 2)}`).slice(1);
    const only = pattern === '' ? [] : ['**', `!${pattern}`];
    const matcher = only.length + exclude.length === 0 ? undefined : new PatternMatcher([...only, ...exclude]);
    return this.find(pivot === -1 ? '/' : source.slice(0, pivot), { verb }).flatMap((above) => {
      if (!above.isDirectory) return [];
      const path = joinPath(above.path, Buffer.from(pattern));
      if (!hasWildcards(pattern)) this.#refuseUnwalked(`${verb} ${source}`, path);
      return [{ ...above, exclude: matcher }];
    });
  }

  /**
   * Yields the source and everything below it that is not ignored; folders before their content, sorted by bytes.
   * Throws ERR_CONTEXT_CHANGED for entries that vanish meanwhile.
   */
  *walk(source: ContextSource): Generator<ContextEntry> {
    if (!source.isDirectory) {
      const { fd, name } = expectUnchanged(source.path, () => this.#tree.parent(source.path));
      // The tree may close its own descriptor during the walk.
      const dirFd = openAt(fd, '.', O_PATH | O_DIRECTORY);
      try {
        const stat = expectUnchanged(source.path, () => statAt(dirFd, name));
        yield new ContextEntry({ path: nothing, dirFd, name, type: stat.type }, stat);
      } finally {
        closeFd(dirFd);
      }
      return;
    }
    const fd = expectUnchanged(source.path, () => this.#tree.open(source.path, O_RDONLY | O_DIRECTORY));
    const top = { contextPath: source.path, path: nothing, match: this.#matchOf(source.path)?.folder };
    const folders = [folderOf(fd, { ...top, excludeMatch: undefined, pending: undefined })];
    try {
      yield new ContextEntry({ path: nothing, dirFd: fd, name: Buffer.from('.'), type: 'directory' }, statFd(fd));
      for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
        const listed = folder.entries.next();
        if (listed.done !== true) yield* this.#step(folders, folder, listed.value, source.exclude);
        else {
          folders.pop();
          closeFd(folder.fd);
        }
      }
    } finally {
      for (const folder of folders) closeFd(folder.fd);
    }
  }

  /**
   * Returns an entry below a source, like {@link walk}; `dirFd` is valid for the next few calls. Throws
   * ERR_CONTEXT_CHANGED.
   */
  entry(source: ContextSource, path: Uint8Array): ContextEntry {
    const { fd, name } = expectUnchanged(path, () => this.#tree.parent(joinPath(source.path, path)));
    const stat = expectUnchanged(path, () => statAt(fd, name));
    return new ContextEntry({ path, dirFd: fd, name, type: stat.type }, stat);
  }

  /**
   * Refuses a symlink below a folder that a wildcard matched unless it leads to an entry of the context, though it is
   * copied as a symlink. So does BuildKit, but not when a symlink to the folder was matched. Throws
   * ERR_COPY_SOURCE_NOT_FOUND.
   */
  refuseBrokenLink({ path, matchedBy }: ContextSource, link: Uint8Array): void {
    if (matchedBy === undefined) return;
    const linkPath = joinPath(path, link);
    const found = this.#lookUp(linkPath, undefined);
    if (!found.source) throw brokenLinkError(matchedBy, linkPath, found.why, this.origin);
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
    if (matched && !(isDirectory && ignored.mayIncludeBelow() && excluded?.mayIncludeBelow() !== false)) return;
    const entry = new ContextEntry({ path, dirFd: folder.fd, name, type });
    if (!matched) {
      if (folder.pending !== undefined) {
        for (const above of folders) {
          if (above.pending !== undefined) yield above.pending;
          above.pending = undefined;
        }
      }
      yield entry;
    }
    if (!isDirectory) return;
    const fd = expectUnchanged(contextPath, () => openAt(folder.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    const pending = matched ? entry : undefined;
    folders.push(folderOf(fd, { contextPath, path, match: ignored.folder, excludeMatch: excluded?.folder, pending }));
  }

  /** Matches a path with the ignore file, folder by folder, like a walk from the root. */
  #matchOf(path: Uint8Array): OneMatch | undefined {
    let match: OneMatch | undefined;
    for (let end = path.indexOf(slash); ; end = path.indexOf(slash, end + 1)) {
      const prefix = end === -1 ? path : path.subarray(0, end);
      if (prefix.length > 0) match = matchOne(this.#ignored, match?.folder, prefix);
      if (end === -1) return match;
    }
  }

  /** Throws ERR_COPY_SOURCE_NOT_FOUND unless {@link walk} would yield the path: it exists, with no symlink above it. */
  #refuseUnwalked(instruction: string, path: Uint8Array): void {
    const { links } = followPath(this.#tree, path.subarray(0, Math.max(path.lastIndexOf(slash), 0)));
    if (links.length > 0) throw sourceNotFoundError(instruction, 'missing', this.origin);
    const found = this.#lookUp(path, undefined);
    if (!found.source) throw sourceNotFoundError(instruction, found.why, this.origin);
  }

  #expand(pattern: string): Uint8Array[] {
    const components = pattern.split('/');
    const first = components.findIndex(hasWildcards);
    const folder = components.slice(0, first).map(removeEscapes).reduce(joinPath, nothing);
    const { source } = this.#lookUp(folder, undefined);
    return source?.isDirectory ? expandWildcard(this.#tree, source.path, components.slice(first)) : [];
  }

  /**
   * Looks up a path. An ignored file does not exist for a build: neither by its name nor through a symlink. Nor does
   * one behind an ignored symlink.
   */
  #lookUp(path: Uint8Array, exclude: PatternMatcher | undefined): Lookup {
    const { links, end } = followPath(this.#tree, path);
    const [first] = links;
    const link = first && equalBytes(first, path) && this.#isTaken(first, false) ? first : undefined;
    if (end === 'missing' || end === 'circular') return { why: end, link };
    if (!links.every((each) => this.#isTaken(each, false)) || !this.#isTaken(end.path, end.isDirectory)) {
      return { why: 'ignored', link };
    }
    return { source: { name: lastOf(path), ...end, exclude } };
  }

  #isTaken(path: Uint8Array, isDirectory: boolean): boolean {
    const match = this.#matchOf(path);
    if (match?.matched !== true) return true;
    // An exception may name a missing file: then the folder does not exist either.
    return isDirectory && match.mayIncludeBelow() && this.#holdsAny(path);
  }

  #holdsAny(path: Uint8Array): boolean {
    let count = 0;
    for (const _ of this.walk({ name: lastOf(path), path, isDirectory: true, exclude: undefined })) {
      if (++count > 1) return true;
    }
    return false;
  }
}

const withMatch = (source: ContextSource, path: Uint8Array, matchedBy: string): ContextSource =>
  equalBytes(source.path, path) ? { ...source, matchedBy } : source;

const lastOf = (path: Uint8Array): Uint8Array => path.subarray(path.lastIndexOf(slash) + 1);

function folderOf(fd: number, folder: Omit<Folder, 'fd' | 'entries'>): Folder {
  try {
    return { ...folder, fd, entries: listFd(fd).sort().values() };
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
