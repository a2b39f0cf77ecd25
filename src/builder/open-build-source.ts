import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { markInputFailures } from '../images/caller-failures.ts';
import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { utf8 } from '../lib/bytes.ts';
import type { StoreLayout } from '../store/layout.ts';
import type { Store } from '../store/store.ts';
import { openScratch } from '../store/work/scratch-folder.ts';
import type { BuildRequest, DockerfileText } from './build-types.ts';
import { BuildContext, type ContextOptions } from './context/build-context.ts';
import { readContextStream, readDockerfileStream } from './context/context-stream.ts';
import { DigestCache, tracesChanges } from './context/digest-cache.ts';
import { readOutsideDockerfile } from './context/read-context-file.ts';
import type { NamedDockerfile } from './failure-location.ts';

/** Context and Dockerfile of a build, to be disposed of. */
export interface BuildSource extends AsyncDisposable {
  readonly context: BuildContext;
  readonly dockerfile: NamedDockerfile;
}

type SourceOptions = AbortOptions & { readonly lease: Lease };
type FolderSourceOptions = AbortOptions & Pick<ContextOptions, 'digests' | 'ignores'>;
type SourceRequest = Pick<BuildRequest, 'context' | 'dockerfile'>;

const defaultName = 'Dockerfile';

/**
 * Opens the context and reads the Dockerfile. A context of bytes is unpacked into a folder of the store, which lives as
 * long as the lease at most. Throws ERR_CONTEXT_*, ERR_DOCKERFILE_NOT_FOUND, ERR_DOCKERFILE_AMBIGUOUS,
 * ERR_DOCKERIGNORE_TOO_LARGE, ERR_PATTERN_*, ERR_NO_SPACE.
 */
export async function openBuildSource(
  request: SourceRequest,
  store: Store,
  options: SourceOptions,
): Promise<BuildSource> {
  await using stack = new AsyncDisposableStack();
  const { context, dockerfile } = await findSource(request, store, stack, options);
  stack.use(context);
  const owned = stack.move();
  return { context, dockerfile, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type FoundSource = Pick<BuildSource, 'context' | 'dockerfile'>;

async function findSource(
  { context, dockerfile = defaultName }: SourceRequest,
  store: Store,
  stack: AsyncDisposableStack,
  options: SourceOptions,
): Promise<FoundSource> {
  if (typeof context === 'string') {
    const digests = openDigests(store.layout, context, typeof dockerfile === 'string' ? dockerfile : '');
    return await openInFolder(context, dockerfile, { ...options, digests });
  }
  if (context === undefined && typeof dockerfile === 'string') throw noContextError(dockerfile);
  const scratch = stack.use(await openScratch(store, options));
  if (context === undefined) return await openInFolder(scratch.path, dockerfile, options);
  const text = await readContextStream(markInputFailures(context), scratch.path, options);
  if (text === undefined) {
    // A path in an archive begins at the archive's root. Docker takes an archive unchanged: the program that packed it
    // was to leave out ignored files.
    const inside = typeof dockerfile === 'string' ? dockerfile.replace(/^\/+/, '') : dockerfile;
    return await openInFolder(scratch.path, inside, { ...options, ignores: false });
  }
  if (dockerfile !== defaultName) throw ambiguousError();
  return { context: BuildContext.open(scratch.path), dockerfile: { name: defaultName, text } };
}

async function openInFolder(
  folder: string,
  dockerfile: string | DockerfileText,
  options: FolderSourceOptions,
): Promise<FoundSource> {
  if (typeof dockerfile !== 'string') {
    const context = BuildContext.open(folder, undefined, options);
    try {
      return { context, dockerfile: { name: defaultName, text: await readText(dockerfile, options) } };
    } catch (error) {
      context.close();
      throw error;
    }
  }
  const path = isAbsolute(dockerfile) ? insideOf(folder, dockerfile) : dockerfile;
  if (path === undefined) {
    const outside = readOutsideDockerfile(dockerfile);
    return {
      context: BuildContext.open(folder, undefined, { ...options, ...outside }),
      dockerfile: { name: dockerfile, text: outside.dockerfile },
    };
  }
  const context = BuildContext.open(folder, path, options);
  try {
    return { context, dockerfile: { name: path, text: context.readDockerfile(path) } };
  } catch (error) {
    context.close();
    throw error;
  }
}

/** Opens the digests of a folder's files from earlier builds, one cache per Dockerfile: each may copy other files. */
function openDigests({ contexts }: StoreLayout, folder: string, dockerfile: string): DigestCache | undefined {
  if (!tracesChanges(folder)) return undefined;
  const name = createHash('sha256')
    .update(`${realPath(resolve(folder))}\0${dockerfile}`)
    .digest('hex');
  return DigestCache.open(join(contexts, name));
}

async function readText({ text }: DockerfileText, options: AbortOptions): Promise<Uint8Array> {
  if (typeof text === 'string') return utf8(text);
  return text instanceof Uint8Array ? text : await readDockerfileStream(markInputFailures(text), options);
}

/** Returns a file's path relative to the folder; undefined for a file outside it. */
function insideOf(folder: string, file: string): string | undefined {
  const path = relative(realPath(resolve(folder)), join(realPath(dirname(file)), basename(file)));
  return path === '' || path === '..' || path.startsWith('../') ? undefined : path;
}

/** Resolves symlinks. A path that cannot be resolved is returned unchanged: opening it reports the error. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

const noContextError = (dockerfile: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTEXT_NOT_FOUND',
    message: `unable to prepare context: none is given to read ${dockerfile} from`,
    hint: 'Give a folder as the context, or the text of the Dockerfile: dockerfile: { text }.',
  });

/** Error in docker's words. */
const ambiguousError = (): StrataError =>
  new StrataError({
    code: 'ERR_DOCKERFILE_AMBIGUOUS',
    message: 'ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles',
    hint: 'Give an archive as the context, or name no Dockerfile beside it.',
  });
