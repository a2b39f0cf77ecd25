import { createHash } from 'node:crypto';
import { isDiskFull, whyFull } from '../../content/disk-failure.ts';
import { type ChmodChange, parseChmod } from '../../dockerfile/chmod.ts';
import type { AddInstruction, CopyInstruction, InlineFile } from '../../dockerfile/instructions/types.ts';
import { excerpt } from '../../dockerfile/quote.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { displayBytes, utf8 } from '../../lib/bytes.ts';
import type { Platform } from '../../spec/platform.ts';
import type { FileTime } from '../../sys/file-attributes.ts';
import { archiveMessage, isArchiveFault } from '../archive/archive-fault.ts';
import type { BuildContext, ContextSource } from '../context/build-context.ts';
import { readContent } from '../context/content-digest.ts';
import type { ContextContent, CopiedEntry } from '../context/context-content.ts';
import { ContextStamps } from '../context/context-stamps.ts';
import type { CacheMap, ExecContext, Op, OpContext } from '../solver/types.ts';
import { differenceOf, isLarge } from './copy-difference.ts';
import type { EarlierCopies, EarlierCopy } from './earlier-copies.ts';
import type { FilesystemResult, Workspace } from './filesystem-result.ts';
import type { Owner } from './owner.ts';
import { copyRefused } from './tree-target.ts';
import { TreeWriter } from './tree-writer.ts';

export interface CopyOpOptions {
  readonly instruction: CopyInstruction | AddInstruction;
  /** Absolute; a slash at the end means a directory. */
  readonly destination: string;
  readonly platform: Platform;
  /** Of what is made and has no time of its own, files of the Dockerfile and new directories; the clock's without it. */
  readonly time: FileTime | undefined;
  readonly context: BuildContext;
  readonly workspace: Workspace;
  /** Copies that this one may amend; undefined where none may be, or the workspace cannot. */
  readonly copies: EarlierCopies | undefined;
}

/** A large folder that is copied by itself, and the name under which its copy is noted. */
interface LargeFolder {
  readonly copies: EarlierCopies;
  readonly name: string;
  readonly source: ContextSource;
  readonly entries: readonly CopiedEntry[];
}

/** COPY and ADD from the build context, or of files that stand in the Dockerfile; ADD unpacks archives. */
export class CopyOp implements Op<FilesystemResult> {
  readonly #options: CopyOpOptions;
  readonly #chmod: ChmodChange | undefined;
  readonly #unpacks: boolean;
  readonly #stamps = new ContextStamps();
  #sources: readonly ContextSource[] = [];
  #content: ContextContent | undefined;

  constructor(options: CopyOpOptions) {
    const { chmod, location } = options.instruction;
    this.#options = options;
    this.#unpacks = options.instruction.kind === 'ADD' && options.instruction.unpack !== false;
    this.#chmod = chmod === '' ? undefined : parseChmod(chmod, location);
  }

  async cacheMap({ signal }: OpContext): Promise<CacheMap> {
    const { instruction, destination, platform, time, context } = this.#options;
    const hasParents = instruction.kind === 'COPY' && instruction.parents;
    this.#sources = instruction.sources.flatMap((source) =>
      hasParents ? context.findWithParents(source, instruction) : context.find(source, instruction),
    );
    this.#content = await readContent(context, this.#sources, this.#stamps, signal);
    const inline = instruction.inlineFiles.map(({ name, content: text }) => ({ name, text }));
    const fields = {
      destination,
      chown: instruction.chown,
      chmod: instruction.chmod,
      platform,
      time,
      content: this.#content.digest,
      inline,
      // Where nothing can be unpacked, ADD is COPY.
      ...(this.#unpacks && this.#sources.some(({ isDirectory }) => !isDirectory) ? { unpacks: true } : {}),
    };
    return {
      digest: `sha256:${createHash('sha256')
        .update(`copy-v2\n${JSON.stringify(fields)}`)
        .digest('hex')}`,
    };
  }

  async exec([parent]: readonly FilesystemResult[], context: ExecContext): Promise<FilesystemResult> {
    const { key } = context;
    const folder = this.#largeFolder(parent);
    const snapshotId =
      (folder && (await this.#amended(folder, context))) ?? (await this.#copied(parent, folder, context));
    // Whatever the key says is what is there: equal keys stand for equal files, times apart.
    return { identity: key, snapshotId, createdAt: Date.now() };
  }

  async #copied(
    parent: FilesystemResult | undefined,
    folder: LargeFolder | undefined,
    { signal, key, log }: ExecContext,
  ): Promise<string> {
    const { workspace, instruction } = this.#options;
    let made: Pick<EarlierCopy, 'owner' | 'isAllNew'> | undefined;
    const change = this.#writing(instruction.chown, signal, async (writer) => {
      await this.#write(writer, log);
      made = { owner: writer.owner, isAllNew: !writer.hasMet };
    });
    const snapshotId = await workspace.change(parent?.snapshotId, change, { signal });
    if (folder && made) {
      const { copies, name, entries } = folder;
      copies.put(name, { ...made, key, snapshotId, marks: new Map(entries.map(({ path, mark }) => [path, mark])) });
    }
    return snapshotId;
  }

  /** Takes an earlier copy, and of the context only what is different by now; undefined where that cannot be. */
  async #amended({ copies, name, source, entries }: LargeFolder, { signal }: ExecContext): Promise<string | undefined> {
    const { workspace, context, destination } = this.#options;
    const earlier = await copies.find(name);
    if (earlier === undefined) return undefined;
    const difference = differenceOf(entries, earlier);
    if (difference === undefined) return undefined;
    const change = this.#writing(earlier.owner, signal, async (writer) => {
      await writer.amend(context, source, destination, { ...difference, stamps: this.#stamps });
      writer.finish();
    });
    try {
      return await workspace.change(earlier.snapshotId, change, { signal, amends: true });
    } catch (error) {
      // Made at once it stands on fewer layers, and whoever is to be told of a destination is told of that one.
      if (isStrataError(error, 'ERR_LAYER_LIMIT') || isStrataError(error, 'ERR_COPY_DESTINATION')) return undefined;
      throw error;
    }
  }

  /**
   * Every file of one folder has a place of its own in the copy. A file of several names is left to a copy made at once:
   * it would count them still when one of them is gone.
   */
  #largeFolder(parent: FilesystemResult | undefined): LargeFolder | undefined {
    const { copies, instruction, destination, platform, time } = this.#options;
    const [source, second] = this.#sources;
    if (copies === undefined || instruction.link || instruction.inlineFiles.length > 0) return undefined;
    if (source?.isDirectory !== true || second !== undefined || this.#content?.hasLinks !== false) return undefined;
    const entries = this.#content.entries();
    if (!isLarge(entries)) return undefined;
    const { chown, chmod } = instruction;
    const { context } = copies;
    const folder = displayBytes(source.path);
    const fields = { context, parent: parent?.identity, folder, destination, chown, chmod, platform, time };
    const name = createHash('sha256').update(JSON.stringify(fields)).digest('hex');
    return { copies, name, source, entries };
  }

  #writing(
    chown: string | Owner,
    signal: AbortSignal,
    write: (writer: TreeWriter) => Promise<void>,
  ): (directory: string) => Promise<void> {
    const { instruction, time } = this.#options;
    return async (directory) => {
      const options = { chown, chmod: this.#chmod, chmodText: instruction.chmod, time, signal };
      using writer = new TreeWriter(directory, options);
      try {
        await write(writer);
      } catch (error) {
        throw isDiskFull(error) ? noSpace(instruction, whyFull(error, directory), error) : error;
      }
    };
  }

  async #write(writer: TreeWriter, log: ExecContext['log']): Promise<void> {
    const { instruction, context } = this.#options;
    const destination = this.#destinationFor(writer, instruction.inlineFiles);
    for (const source of this.#sources) {
      if (await this.#unpack(writer, source, destination)) {
        if (this.#chmod) log('stderr', utf8(`${displayBytes(source.path)}: --chmod does not reach what is unpacked\n`));
      } else await writer.copy(context, source, destination, this.#stamps);
    }
    this.#stamps.checkAll();
    for (const file of instruction.inlineFiles) writer.write(file, destination);
    writer.finish();
  }

  /** False for what is no archive, or is not to be unpacked. */
  async #unpack(writer: TreeWriter, source: ContextSource, destination: string): Promise<boolean> {
    if (!this.#unpacks || source.isDirectory) return false;
    const { instruction, context } = this.#options;
    try {
      return await writer.unpack(context, source, destination, this.#stamps);
    } catch (error) {
      throw isArchiveFault(error) ? archiveRefused(instruction, source, error) : error;
    }
  }

  /** Several files need a directory: docker asks for the slash, and so do several matches of one wildcard. */
  #destinationFor(writer: TreeWriter, inline: readonly InlineFile[]): string {
    const { destination, instruction } = this.#options;
    const several = this.#sources.length + inline.length > 1;
    if (several && !destination.endsWith('/') && !writer.isDirectory(destination)) {
      throw copyRefused(
        `When using ${instruction.kind} with more than one source file, the destination must be a directory and end with a /${this.#matches()}`,
        'End the destination with a /, or name one file.',
      );
    }
    return destination;
  }

  /** Which files a wildcard has found, where it is the only source and so the reason for there being several. */
  #matches(): string {
    const [wildcard, ...others] = this.#options.instruction.sources;
    if (wildcard === undefined || others.length > 0 || this.#sources.length < 2) return '';
    const names = this.#sources.slice(0, maxMatches).map(({ path }) => displayBytes(path));
    const more = this.#sources.length > maxMatches ? ` and ${this.#sources.length - maxMatches} more` : '';
    return `: ${excerpt(wildcard)} matches ${names.join(', ')}${more}`;
  }
}

// In a message.
const maxMatches = 4;

type Instruction = CopyOpOptions['instruction'];

const archiveRefused = ({ location }: Instruction, { path }: ContextSource, cause: StrataError): StrataError =>
  new StrataError({
    code: 'ERR_ADD_ARCHIVE',
    message: `dockerfile line ${location.start}: ADD ${displayBytes(path)}: ${archiveMessage(cause)}`,
    hint: 'Make the archive again, or use COPY or ADD --unpack=false to have it as a file.',
    details: { line: location.start },
    cause,
  });

const noSpace = ({ kind, location }: Instruction, why: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_NO_SPACE',
    message: `dockerfile line ${location.start}: ${kind}: ${why}`,
    hint: 'Remove images or build cache that are no longer needed, or free space on that filesystem.',
    details: { line: location.start },
    cause,
  });
