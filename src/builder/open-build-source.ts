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
import { readDockerfileStream, takeContextStream } from './context/context-stream.ts';
import { DigestCache, tracesChanges } from './context/digest-cache.ts';
import { readOutsideDockerfile } from './context/read-context-file.ts';
import type { NamedDockerfile } from './failed-instruction.ts';

/** What a build is made from, to be disposed of. */
export interface BuildSource extends AsyncDisposable {
  readonly context: BuildContext;
  readonly dockerfile: NamedDockerfile;
}

type Options = AbortOptions & { readonly lease: Lease };
type FolderOptions = AbortOptions & Pick<ContextOptions, 'digests' | 'ignores'>;
type Wanted = Pick<BuildRequest, 'context' | 'dockerfile'>;

const defaultName = 'Dockerfile';

/**
 * Opens the context and reads the Dockerfile, wherever they come from. A context of bytes goes into a folder of the store
 * that lives as long as the lease at most. Throws ERR_CONTEXT_*, ERR_DOCKERFILE_NOT_FOUND, ERR_DOCKERFILE_AMBIGUOUS,
 * ERR_DOCKERIGNORE_TOO_LARGE, ERR_PATTERN_*, ERR_NO_SPACE.
 */
export async function openBuildSource(request: Wanted, store: Store, options: Options): Promise<BuildSource> {
  await using stack = new AsyncDisposableStack();
  const { context, dockerfile } = await find(request, store, stack, options);
  stack.use(context);
  const owned = stack.move();
  return { context, dockerfile, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Found = Pick<BuildSource, 'context' | 'dockerfile'>;

async function find(
  { context, dockerfile = defaultName }: Wanted,
  store: Store,
  stack: AsyncDisposableStack,
  options: Options,
): Promise<Found> {
  if (typeof context === 'string') {
    const digests = digestsOf(store.layout, context, typeof dockerfile === 'string' ? dockerfile : '');
    return await inFolder(context, dockerfile, { ...options, digests });
  }
  if (context === undefined && typeof dockerfile === 'string') throw noContext(dockerfile);
  const scratch = stack.use(await openScratch(store, options));
  if (context === undefined) return await inFolder(scratch.path, dockerfile, options);
  const text = await takeContextStream(markInputFailures(context), scratch.path, options);
  if (text === undefined) {
    // A path in an archive has its root to begin at. Whoever packed it has left out what is ignored, or meant not to:
    // docker takes an archive as it is.
    const inside = typeof dockerfile === 'string' ? dockerfile.replace(/^\/+/, '') : dockerfile;
    return await inFolder(scratch.path, inside, { ...options, ignores: false });
  }
  if (dockerfile !== defaultName) throw ambiguous();
  return { context: BuildContext.open(scratch.path), dockerfile: { name: defaultName, text } };
}

async function inFolder(folder: string, dockerfile: string | DockerfileText, options: FolderOptions): Promise<Found> {
  if (typeof dockerfile !== 'string') {
    const context = BuildContext.open(folder, undefined, options);
    try {
      return { context, dockerfile: { name: defaultName, text: await textOf(dockerfile, options) } };
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

/** What is known of a folder's files from builds before; each Dockerfile may take others. */
function digestsOf({ contexts }: StoreLayout, folder: string, dockerfile: string): DigestCache | undefined {
  if (!tracesChanges(folder)) return undefined;
  const name = createHash('sha256')
    .update(`${realPath(resolve(folder))}\0${dockerfile}`)
    .digest('hex');
  return DigestCache.open(join(contexts, name));
}

async function textOf({ text }: DockerfileText, options: AbortOptions): Promise<Uint8Array> {
  if (typeof text === 'string') return utf8(text);
  return text instanceof Uint8Array ? text : await readDockerfileStream(markInputFailures(text), options);
}

/** A file's path relative to the folder; undefined when it is not in there. */
function insideOf(folder: string, file: string): string | undefined {
  const path = relative(realPath(resolve(folder)), join(realPath(dirname(file)), basename(file)));
  return path === '' || path === '..' || path.startsWith('../') ? undefined : path;
}

/** With symlinks resolved; as it is when there is nothing, which whoever opens it will tell of. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

const noContext = (dockerfile: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTEXT_NOT_FOUND',
    message: `unable to prepare context: none is given to read ${dockerfile} from`,
    hint: 'Give a folder as the context, or the text of the Dockerfile: dockerfile: { text }.',
  });

/** In docker's words. */
const ambiguous = (): StrataError =>
  new StrataError({
    code: 'ERR_DOCKERFILE_AMBIGUOUS',
    message: 'ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles',
    hint: 'Give an archive as the context, or name no Dockerfile beside it.',
  });
