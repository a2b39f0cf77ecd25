import { createHash } from 'node:crypto';
import { describeExhaustion, isDiskFull } from '../../content/disk-failure.ts';
import type { ChmodChange } from '../../dockerfile/chmod.ts';
import type { AddInstruction, CopyInstruction, InlineFile } from '../../dockerfile/instructions/types.ts';
import { excerpt } from '../../dockerfile/quote.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { displayBytes, utf8 } from '../../lib/bytes.ts';
import type { Platform } from '../../spec/platform.ts';
import type { FileTime } from '../../sys/file-attributes.ts';
import { archiveMessage, isArchiveFault } from '../archive/archive-fault.ts';
import type { BuildContext, ContextSource } from '../context/build-context.ts';
import type { ContextContent, CopiedEntry } from '../context/context-content.ts';
import type { ContextStamps } from '../context/context-stamps.ts';
import type { OpContext } from '../solver/types.ts';
import { differenceOf, isLarge } from './copy-difference.ts';
import type { EarlierCopies, EarlierCopy } from './earlier-copies.ts';
import type { FilesystemResult } from './filesystem-result.ts';
import type { Owner } from './owner.ts';
import { destinationError } from './tree-target.ts';
import { TreeWriter } from './tree-writer.ts';
import type { Workspace } from './workspace.ts';

/** A COPY or ADD, resolved as far as possible before its files are read. */
export interface CopyStep {
  readonly instruction: CopyInstruction | AddInstruction;
  /** Absolute; a slash at the end means a directory. */
  readonly destination: string;
  readonly platform: Platform;
  /** Time of files from the Dockerfile and of new directories; undefined for the clock's. */
  readonly time: FileTime | undefined;
  readonly context: BuildContext;
  /** Stage or image that is copied from, for messages; its files are the second input. Undefined for the context. */
  readonly from: string | undefined;
  readonly workspace: Workspace;
  /** Copies that this one may amend; undefined when it must not amend any, or the workspace cannot. */
  readonly copies: EarlierCopies | undefined;
}

/** Content of a copy, as it was read for the key of its step. */
export interface CopiedContent {
  readonly sources: readonly ContextSource[];
  readonly content: ContextContent;
  readonly stamps: ContextStamps;
}

export interface CopyWorkOptions extends CopyStep, CopiedContent {
  readonly chmod: ChmodChange | undefined;
  readonly keepsOwner: boolean;
  /** True when archives are unpacked. */
  readonly unpacks: boolean;
  /** Key of the step. */
  readonly key: string;
}

/** A large folder that is the only source, and the name under which its copy is recorded. */
interface LargeFolder {
  readonly copies: EarlierCopies;
  readonly name: string;
  readonly source: ContextSource;
  readonly entries: readonly CopiedEntry[];
}

/** The work of a COPY or ADD after its content was read: makes a snapshot with the files. */
export class CopyWork {
  readonly #options: CopyWorkOptions;

  constructor(options: CopyWorkOptions) {
    this.#options = options;
  }

  /** Makes the snapshot and returns its ID. */
  async make(parent: FilesystemResult | undefined, context: OpContext): Promise<string> {
    const folder = this.#largeFolder(parent);
    return (folder && (await this.#amendEarlier(folder, context))) ?? (await this.#copyAll(parent, folder, context));
  }

  async #copyAll(
    parent: FilesystemResult | undefined,
    folder: LargeFolder | undefined,
    { signal, log }: OpContext,
  ): Promise<string> {
    const { workspace, instruction, key } = this.#options;
    let made: Pick<EarlierCopy, 'owner' | 'isAllNew'> | undefined;
    const change = this.#changeWith(instruction.chown, signal, async (writer) => {
      await this.#write(writer, log);
      made = { owner: writer.owner, isAllNew: !writer.hasMetExisting };
    });
    const snapshotId = await workspace.change(parent?.snapshotId, change, { signal });
    if (folder && made) {
      const { copies, name, entries } = folder;
      copies.put(name, { ...made, key, snapshotId, marks: new Map(entries.map(({ path, mark }) => [path, mark])) });
    }
    return snapshotId;
  }

  /** Amends an earlier copy by the files that differ now; returns undefined when that is not possible. */
  async #amendEarlier(
    { copies, name, source, entries }: LargeFolder,
    { signal }: OpContext,
  ): Promise<string | undefined> {
    const { workspace, context, destination } = this.#options;
    const earlier = await copies.find(name);
    if (earlier === undefined) return undefined;
    const difference = differenceOf(entries, earlier);
    if (difference === undefined) return undefined;
    const change = this.#changeWith(earlier.owner, signal, async (writer) => {
      await writer.amend(context, source, destination, { ...difference, stamps: this.#options.stamps });
      writer.finish();
    });
    try {
      return await workspace.change(earlier.snapshotId, change, { signal, amends: true });
    } catch (error) {
      // A new copy has fewer layers below it, and reports an error about its own destination.
      if (isStrataError(error, 'ERR_LAYER_LIMIT') || isStrataError(error, 'ERR_COPY_DESTINATION')) return undefined;
      throw error;
    }
  }

  /**
   * Returns the source when it is one large folder, whose files all have distinct paths in the copy. Hard links need a
   * new copy: in an amended one the link count would still include removed names.
   */
  #largeFolder(parent: FilesystemResult | undefined): LargeFolder | undefined {
    const { copies, instruction, destination, platform, time, sources, content } = this.#options;
    const [source, second] = sources;
    if (copies === undefined || instruction.link || instruction.inlineFiles.length > 0) return undefined;
    if (source?.isDirectory !== true || second !== undefined || content.hasLinks) return undefined;
    const entries = content.entries();
    if (!isLarge(entries)) return undefined;
    const { chown, chmod } = instruction;
    const { context } = copies;
    const folder = displayBytes(source.path);
    const fields = { context, parent: parent?.identity, folder, destination, chown, chmod, platform, time };
    const name = createHash('sha256').update(JSON.stringify(fields)).digest('hex');
    return { copies, name, source, entries };
  }

  #changeWith(
    chown: string | Owner,
    signal: AbortSignal,
    write: (writer: TreeWriter) => Promise<void>,
  ): (directory: string) => Promise<void> {
    const { instruction, time, chmod, keepsOwner } = this.#options;
    return async (directory) => {
      const options = { chown, keepsOwner, chmod, chmodText: instruction.chmod, time, signal };
      using writer = new TreeWriter(directory, options);
      try {
        await write(writer);
      } catch (error) {
        throw isDiskFull(error) ? noSpaceError(instruction, describeExhaustion(error, directory), error) : error;
      }
    };
  }

  async #write(writer: TreeWriter, log: OpContext['log']): Promise<void> {
    const { instruction, context, sources, stamps, chmod } = this.#options;
    const destination = this.#destinationFor(writer, instruction.inlineFiles);
    for (const source of sources) {
      if (await this.#unpack(writer, source, destination)) {
        if (chmod) log('stderr', utf8(`${displayBytes(source.path)}: --chmod does not reach what is unpacked\n`));
      } else await writer.copy(context, source, destination, stamps);
    }
    stamps.checkAll();
    for (const file of instruction.inlineFiles) writer.write(file, destination);
    writer.finish();
  }

  /** Unpacks an archive. Returns false for other files, and when nothing is to be unpacked. */
  async #unpack(writer: TreeWriter, source: ContextSource, destination: string): Promise<boolean> {
    const { instruction, context, stamps, unpacks } = this.#options;
    if (!unpacks || source.isDirectory) return false;
    try {
      return await writer.unpack(context, source, destination, stamps);
    } catch (error) {
      throw isArchiveFault(error) ? archiveError(instruction, source, error) : error;
    }
  }

  /**
   * Returns the destination. Several files, also those of one wildcard, need an existing directory, or the slash at the
   * end that docker requires.
   */
  #destinationFor(writer: TreeWriter, inline: readonly InlineFile[]): string {
    const { destination, instruction, sources } = this.#options;
    const several = sources.length + inline.length > 1;
    if (several && !destination.endsWith('/') && !writer.isDirectory(destination)) {
      throw destinationError(
        `When using ${instruction.kind} with more than one source file, the destination must be a directory and end with a /${this.#matches()}`,
        'End the destination with a /, or name one file.',
      );
    }
    return destination;
  }

  /** Lists the matches of a wildcard when it is the only source and so the reason for several files. */
  #matches(): string {
    const { instruction, sources } = this.#options;
    const [wildcard, ...others] = instruction.sources;
    if (wildcard === undefined || others.length > 0 || sources.length < 2) return '';
    const names = sources.slice(0, maxMatches).map(({ path }) => displayBytes(path));
    const more = sources.length > maxMatches ? ` and ${sources.length - maxMatches} more` : '';
    return `: ${excerpt(wildcard)} matches ${names.join(', ')}${more}`;
  }
}

// Most names in a message.
const maxMatches = 4;

type CopyOrAdd = CopyStep['instruction'];

const archiveError = ({ location }: CopyOrAdd, { path }: ContextSource, cause: StrataError): StrataError =>
  new StrataError({
    code: 'ERR_ADD_ARCHIVE',
    message: `dockerfile line ${location.start}: ADD ${displayBytes(path)}: ${archiveMessage(cause)}`,
    hint: 'Make the archive again, or use COPY or ADD --unpack=false to copy it as a file.',
    details: { line: location.start },
    cause,
  });

const noSpaceError = ({ kind, location }: CopyOrAdd, why: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_NO_SPACE',
    message: `dockerfile line ${location.start}: ${kind}: ${why}`,
    hint: 'Remove images or build cache that are no longer needed, or free space on that filesystem.',
    details: { line: location.start },
    cause,
  });
