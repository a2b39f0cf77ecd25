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
import { stillThere } from './context-changed.ts';
import type { DigestCache } from './digest-cache.ts';
import { expandWildcard, joinPath, withoutEscapes } from './expand-wildcard.ts';
import { followPath } from './follow-path.ts';
import { matchOne, type OneMatch } from './match-one.ts';
import { openFolder } from './open-folder.ts';
import { dockerfileNotFound, readContextFile } from './read-context-file.ts';
import { lostLink, sourceNotFound, type WhyNot } from './source-not-found.ts';

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
  /** The instruction, when a wildcard of it matched this itself, and not a symlink to it. */
  readonly matchedBy?: string;
}

/** What the context has at a path, as a build sees it. */
type Found =
  | { readonly source: ContextSource }
  // The link is the path's own, when that is a symlink that is not ignored itself.
  | { readonly source?: undefined; readonly why: WhyNot; readonly link: Uint8Array | undefined };

export interface FindOptions {
  /** What messages begin with: `COPY`, `ADD`, `COPY --from=build`. */
  readonly verb?: string;
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

interface Tree {
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
  /** Those not looked at yet, by bytes. */
  readonly entries: Iterator<DirectoryEntry, void>;
  /** The directory itself, when it is excluded: told only when something below it is taken after all. */
  untold: ContextEntry | undefined;
}

const slash = 0x2f;
const nothing = new Uint8Array(0);

/**
 * The files a COPY may read: a folder, less what its `.dockerignore` excludes, or the files of a stage or an image. The folder's content is a stranger's:
 * everything is reached by descriptor inside it, whatever symlinks it holds or grows meanwhile (moby
 * TestBuildSymlinkBreakout, buildkit testLocalSymlinkEscape).
 */
export class BuildContext implements Disposable {
  readonly #tree: RootedTree;
  readonly #ignored: PatternMatcher;
  readonly digests: DigestCache | undefined;
  /** The stage or image whose files these are, for messages. Undefined for a folder, which somebody may be changing. */
  readonly origin: string | undefined;

  private constructor({ tree, ignored, digests, origin }: Tree) {
    this.#tree = tree;
    this.#ignored = ignored;
    this.digests = digests;
    this.origin = origin;
  }

  /** Opens the files of a stage or an image, called `origin` in messages: nothing of them is ignored. */
  static openFiles(directory: string, origin: string): BuildContext {
    return new BuildContext({ tree: RootedTree.open(directory), ignored: new PatternMatcher([]), origin });
  }

  /**
   * Opens a folder. `<dockerfile>.dockerignore` beside the Dockerfile is preferred to the folder's `.dockerignore`; of a
   * Dockerfile that is not in the folder `ignoreFile` is what lies beside it. Throws ERR_CONTEXT_NOT_FOUND, ERR_CONTEXT_FILE, ERR_DOCKERIGNORE_TOO_LARGE, ERR_PATTERN_SYNTAX, ERR_PATTERN_COUNT.
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
   * files that `--exclude` names. A symlink that is matched has to lead to something. Throws ERR_COPY_SOURCE_NOT_FOUND, ERR_PATTERN_SYNTAX, ERR_PATTERN_COUNT.
   */
  find(source: string, { verb = 'COPY', exclude = [] }: FindOptions = {}): ContextSource[] {
    const matcher = exclude.length === 0 ? undefined : new PatternMatcher(exclude);
    const isTaken = ({ name, isDirectory }: Pick<ContextSource, 'name' | 'isDirectory'>): boolean =>
      isDirectory || matcher?.matches(displayBytes(name)) !== true;
    const what = `${verb} ${source}`;
    const cleaned = cleanPath(`/${source}`).slice(1);
    if (hasWildcards(cleaned)) {
      return this.#expand(cleaned).flatMap((path) => {
        const found = this.#look(path, matcher);
        if (found.source) return [asMatched(found.source, path, what)].filter(isTaken);
        if (found.link === undefined || !isTaken({ name: lastOf(path), isDirectory: false })) return [];
        throw lostLink(what, found.link, found.why, this.origin);
      });
    }
    const found = this.#look(Buffer.from(cleaned), matcher);
    if (found.source) return [found.source].filter(isTaken);
    throw sourceNotFound(what, found.why, this.origin);
  }

  /**
   * What a source of COPY --parents names: the folder before `/./`, or the context, of which only what matches the rest
   * is taken, and the folders on the way there. Throws as {@link find}.
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
   * The source and everything below it that is not ignored; folders before what they hold, byte-wise sorted. Throws
   * ERR_CONTEXT_CHANGED for what vanishes meanwhile.
   */
  *walk(source: ContextSource): Generator<ContextEntry> {
    if (!source.isDirectory) {
      const { fd, name } = stillThere(source.path, () => this.#tree.parent(source.path));
      // The tree may close its own while others walk here.
      const dirFd = openAt(fd, '.', O_PATH | O_DIRECTORY);
      try {
        const stat = stillThere(source.path, () => statAt(dirFd, name));
        yield new ContextEntry({ path: nothing, dirFd, name, type: stat.type }, stat);
      } finally {
        closeFd(dirFd);
      }
      return;
    }
    const fd = stillThere(source.path, () => this.#tree.open(source.path, O_RDONLY | O_DIRECTORY));
    const top = { contextPath: source.path, path: nothing, match: this.#matchOf(source.path)?.folder };
    const folders = [folderOf(fd, { ...top, excludeMatch: undefined, untold: undefined })];
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

  /** Something below a source, as {@link walk} comes by it; `dirFd` is good for the next few calls. Throws ERR_CONTEXT_CHANGED. */
  entry(source: ContextSource, path: Uint8Array): ContextEntry {
    const { fd, name } = stillThere(path, () => this.#tree.parent(joinPath(source.path, path)));
    const stat = stillThere(path, () => statAt(fd, name));
    return new ContextEntry({ path, dirFd: fd, name, type: stat.type }, stat);
  }

  /**
   * Checks a symlink below a folder that a wildcard matched: it has to lead to something that the context has, though it is
   * copied as a symlink. BuildKit checks so too, and not where a symlink to the folder was matched. Throws
   * ERR_COPY_SOURCE_NOT_FOUND.
   */
  refuseLostLink({ path, matchedBy }: ContextSource, link: Uint8Array): void {
    if (matchedBy === undefined) return;
    const place = joinPath(path, link);
    const found = this.#look(place, undefined);
    if (!found.source) throw lostLink(matchedBy, place, found.why, this.origin);
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

  /** What the ignore file says of a path, as a walk from the root would come by it. */
  #matchOf(path: Uint8Array): OneMatch | undefined {
    let match: OneMatch | undefined;
    for (let end = path.indexOf(slash); ; end = path.indexOf(slash, end + 1)) {
      const place = end === -1 ? path : path.subarray(0, end);
      if (place.length > 0) match = matchOne(this.#ignored, match?.folder, place);
      if (end === -1) return match;
    }
  }

  /** Throws ERR_COPY_SOURCE_NOT_FOUND unless {@link walk} comes by: the path is there, and no symlink on the way. */
  #refuseUnwalked(what: string, path: Uint8Array): void {
    const { links } = followPath(this.#tree, path.subarray(0, Math.max(path.lastIndexOf(slash), 0)));
    if (links.length > 0) throw sourceNotFound(what, 'missing', this.origin);
    const found = this.#look(path, undefined);
    if (!found.source) throw sourceNotFound(what, found.why, this.origin);
  }

  #expand(pattern: string): Uint8Array[] {
    const components = pattern.split('/');
    const first = components.findIndex(hasWildcards);
    const folder = components.slice(0, first).map(withoutEscapes).reduce(joinPath, nothing);
    const { source } = this.#look(folder, undefined);
    return source?.isDirectory ? expandWildcard(this.#tree, source.path, components.slice(first)) : [];
  }

  /** What is ignored is not there for a build: neither by its name nor through a symlink, nor as a symlink on the way. */
  #look(path: Uint8Array, exclude: PatternMatcher | undefined): Found {
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
    // An exception may be for a file that is not there: then the folder is not there either.
    return isDirectory && match.mayHold() && this.#holdsAny(path);
  }

  #holdsAny(path: Uint8Array): boolean {
    let count = 0;
    for (const _ of this.walk({ name: lastOf(path), path, isDirectory: true, exclude: undefined })) {
      if (++count > 1) return true;
    }
    return false;
  }
}

const asMatched = (source: ContextSource, path: Uint8Array, matchedBy: string): ContextSource =>
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
