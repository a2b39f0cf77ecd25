import { cleanPath } from '../../dockerfile/clean-path.ts';
import { compileWildcard, hasWildcards } from '../../dockerfile/file-pattern.ts';
import { readIgnoreFile } from '../../dockerfile/ignore-file.ts';
import { type FolderMatch, PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { isKind, StrataError } from '../../errors/index.ts';
import { compareBytes, displayBytes } from '../../lib/bytes.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { listFd } from '../../sys/list-at.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { FileStat, statAt, statFd } from '../../sys/stat.ts';

/** Something of the context that a COPY takes along. `dirFd` and `stat` are valid until the iteration goes on. */
export interface ContextEntry {
  /** Below the source: empty for the source itself, else without a leading slash. */
  readonly path: Uint8Array;
  readonly dirFd: number;
  readonly name: Uint8Array;
  readonly stat: FileStat;
}

/** A file or directory that a source pattern names, symlinks on the way resolved inside the context. */
export interface ContextSource {
  /** Base name as written, which is what the copy is called. */
  readonly name: Uint8Array;
  /** Resolved place in the context, without a leading slash; empty for the context itself. */
  readonly path: Uint8Array;
  readonly isDirectory: boolean;
}

const slash = 0x2f;
const maxDockerfileBytes = 16 << 20;

/**
 * The files a build may read: a folder, less what its `.dockerignore` excludes. The folder's content is a stranger's:
 * everything is reached by descriptor inside it, whatever symlinks it holds or grows meanwhile (moby
 * TestBuildSymlinkBreakout, buildkit testLocalSymlinkEscape).
 */
export class BuildContext implements Disposable {
  readonly #tree: RootedTree;
  readonly #ignored: PatternMatcher;

  private constructor(tree: RootedTree, ignored: PatternMatcher) {
    this.#tree = tree;
    this.#ignored = ignored;
  }

  /**
   * Opens a folder. `<dockerfile>.dockerignore` beside the Dockerfile is preferred to the folder's `.dockerignore`.
   * Throws ERR_CONTEXT_NOT_FOUND, ERR_DOCKERIGNORE_TOO_LARGE, ERR_PATTERN_SYNTAX.
   */
  static open(directory: string, dockerfile: string): BuildContext {
    const tree = openContext(directory);
    try {
      const ignore = readIfThere(tree, `${dockerfile}.dockerignore`) ?? readIfThere(tree, '.dockerignore');
      return new BuildContext(tree, new PatternMatcher(ignore === undefined ? [] : readIgnoreFile(ignore)));
    } catch (error) {
      tree.close();
      throw error;
    }
  }

  /** The Dockerfile's bytes; it may be ignored for COPY and still be read. Throws ERR_DOCKERFILE_NOT_FOUND. */
  readDockerfile(path: string): Uint8Array {
    const bytes = readIfThere(this.#tree, path);
    if (bytes !== undefined) return bytes;
    throw new StrataError({
      kind: 'not-found',
      code: 'ERR_DOCKERFILE_NOT_FOUND',
      message: `dockerfile ${path}: not found in the build context`,
      hint: 'Name it with -f; it must be inside the context.',
    });
  }

  /** What one source of a COPY names: itself, or everything a wildcard matches. Throws ERR_COPY_SOURCE_NOT_FOUND. */
  find(source: string): ContextSource[] {
    const cleaned = cleanPath(`/${source}`).slice(1);
    const found = hasWildcards(cleaned) ? this.#expand(cleaned) : [Buffer.from(cleaned)];
    const sources = found.flatMap((path) => this.#resolve(path) ?? []);
    if (sources.length > 0) return sources;
    throw new StrataError({
      kind: 'not-found',
      code: 'ERR_COPY_SOURCE_NOT_FOUND',
      message: `COPY ${source}: not found in the build context`,
      hint: this.#ignored.matches(cleaned)
        ? 'The .dockerignore excludes it.'
        : 'Paths are relative to the context, the folder given to build.',
    });
  }

  /** The source and everything below it that is not ignored; folders before what they hold, byte-wise sorted. */
  *walk(source: ContextSource): Generator<ContextEntry> {
    const stat = new FileStat();
    if (!source.isDirectory) {
      const { fd, name } = this.#tree.parent(source.path);
      statAt(fd, name, stat);
      yield { path: new Uint8Array(0), dirFd: fd, name, stat };
      return;
    }
    const fd = this.#tree.open(source.path, O_RDONLY | O_DIRECTORY);
    try {
      yield { path: new Uint8Array(0), dirFd: fd, name: Buffer.from('.'), stat: statFd(fd, stat) };
      yield* this.#below(fd, source.path, new Uint8Array(0), this.#matchOf(source.path), []);
    } finally {
      closeFd(fd);
    }
  }

  close(): void {
    this.#tree.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** `pending` are excluded folders above, told only when something below them is taken after all. */
  *#below(
    dirFd: number,
    contextPath: Uint8Array,
    path: Uint8Array,
    match: FolderMatch | undefined,
    pending: readonly ContextEntry[],
  ): Generator<ContextEntry> {
    let waiting = pending;
    for (const { name } of listFd(dirFd).sort((a, b) => compareBytes(a.name, b.name))) {
      const inContext = join(contextPath, name);
      const text = displayBytes(inContext);
      const { matched, folder } = this.#ignored.matchesIn(match, text);
      const stat = statAt(dirFd, name);
      const isDirectory = stat.type === 'directory';
      if (matched && !(isDirectory && this.#ignored.mayReincludeBelow(text))) continue;
      const entry: ContextEntry = { path: join(path, name), dirFd, name, stat };
      if (!matched) {
        yield* waiting;
        waiting = [];
        yield entry;
      }
      if (!isDirectory) continue;
      const fd = openAt(dirFd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        yield* this.#below(fd, inContext, entry.path, folder, matched ? [...waiting, entry] : []);
      } finally {
        closeFd(fd);
      }
    }
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

  #resolve(path: Uint8Array): ContextSource | undefined {
    let fd: number;
    try {
      fd = this.#tree.resolve(path);
    } catch (error) {
      if (isKind(error, 'not-found')) return undefined;
      throw error;
    }
    try {
      const resolved = path.length === 0 ? path : this.#tree.pathOf(fd);
      const text = displayBytes(path);
      const isDirectory = statFd(fd).type === 'directory';
      const excluded = path.length > 0 && this.#ignored.matches(text);
      if (excluded && !(isDirectory && this.#ignored.mayReincludeBelow(text))) return undefined;
      return { name: path.subarray(path.lastIndexOf(slash) + 1), path: resolved, isDirectory };
    } finally {
      closeFd(fd);
    }
  }

  /** Matches component by component, so that only folders a pattern can be in are read. */
  #expand(pattern: string): Uint8Array[] {
    let found: Uint8Array[] = [new Uint8Array(0)];
    for (const component of pattern.split('/')) {
      if (!hasWildcards(component)) {
        const literal = Buffer.from(component.replace(/\\(.)/gs, '$1'));
        found = found.map((parent) => join(parent, literal));
        continue;
      }
      const matches = compileWildcard(component);
      found = found.flatMap((parent) =>
        this.#names(parent)
          .filter((name) => matches(displayBytes(name)))
          .map((name) => join(parent, name)),
      );
    }
    return found;
  }

  #names(directory: Uint8Array): Uint8Array[] {
    let fd: number;
    try {
      fd = this.#tree.open(directory, O_RDONLY | O_DIRECTORY);
    } catch (error) {
      if (isKind(error, 'not-found') || isKind(error, 'failed-precondition')) return [];
      throw error;
    }
    try {
      return listFd(fd)
        .map(({ name }) => name)
        .sort(compareBytes);
    } finally {
      closeFd(fd);
    }
  }
}

const join = (parent: Uint8Array, name: Uint8Array): Uint8Array =>
  parent.length === 0 ? name : Buffer.concat([parent, Buffer.of(slash), name]);

function openContext(directory: string): RootedTree {
  try {
    return RootedTree.open(directory);
  } catch (error) {
    if (!isKind(error, 'not-found') && !isKind(error, 'failed-precondition')) throw error;
    throw new StrataError({
      kind: 'not-found',
      code: 'ERR_CONTEXT_NOT_FOUND',
      message: `build context ${JSON.stringify(directory)}: no such folder`,
      hint: 'Give build a folder that holds a Dockerfile.',
      cause: error,
    });
  }
}

function readIfThere(tree: RootedTree, path: string): Uint8Array | undefined {
  let fd: number;
  try {
    fd = tree.openFile(path);
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined;
    throw error;
  }
  try {
    const { size } = statFd(fd);
    if (size > maxDockerfileBytes) {
      throw new StrataError({
        kind: 'invalid-argument',
        code: 'ERR_DOCKERFILE_TOO_LARGE',
        message: `file ${path}: ${size} bytes are more than the allowed ${maxDockerfileBytes}`,
      });
    }
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readFullyAt(fd, bytes, 0));
  } finally {
    closeFd(fd);
  }
}
