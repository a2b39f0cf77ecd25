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
import type { FilesystemResult, Workspace } from './filesystem-result.ts';
import type { Owner } from './owner.ts';
import { copyRefused } from './tree-target.ts';
import { TreeWriter } from './tree-writer.ts';

/** A COPY or ADD with everything resolved that can be known before its files are read. */
export interface CopyStep {
  readonly instruction: CopyInstruction | AddInstruction;
  /** Absolute; a slash at the end means a directory. */
  readonly destination: string;
  readonly platform: Platform;
  /** Of what is made and has no time of its own, files of the Dockerfile and new directories; the clock's without it. */
  readonly time: FileTime | undefined;
  readonly context: BuildContext;
  /** The stage or image whose files are copied, and not those of the context; they are the second input. For messages. */
  readonly from: string | undefined;
  readonly workspace: Workspace;
  /** Copies that this one may amend; undefined where none may be, or the workspace cannot. */
  readonly copies: EarlierCopies | undefined;
}

/** What a copy takes, as the key of its step was made of it. */
export interface CopiedContent {
  readonly sources: readonly ContextSource[];
  readonly content: ContextContent;
  readonly stamps: ContextStamps;
}

export interface CopyWorkOptions extends CopyStep, CopiedContent {
  readonly chmod: ChmodChange | undefined;
  readonly keepsOwner: boolean;
  /** Archives are unpacked. */
  readonly unpacks: boolean;
  /** Of the step. */
  readonly key: string;
}

/** A large folder that is copied by itself, and the name under which its copy is noted. */
interface LargeFolder {
  readonly copies: EarlierCopies;
  readonly name: string;
  readonly source: ContextSource;
  readonly entries: readonly CopiedEntry[];
}

/** The work of a COPY or ADD whose content has been read: a snapshot with the files in it. */
export class CopyWork {
  readonly #options: CopyWorkOptions;

  constructor(options: CopyWorkOptions) {
    this.#options = options;
  }

  /** Returns the snapshot's id. */
  async make(parent: FilesystemResult | undefined, context: OpContext): Promise<string> {
    const folder = this.#largeFolder(parent);
    return (folder && (await this.#amended(folder, context))) ?? (await this.#copied(parent, folder, context));
  }

  async #copied(
    parent: FilesystemResult | undefined,
    folder: LargeFolder | undefined,
    { signal, log }: OpContext,
  ): Promise<string> {
    const { workspace, instruction, key } = this.#options;
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
  async #amended({ copies, name, source, entries }: LargeFolder, { signal }: OpContext): Promise<string | undefined> {
    const { workspace, context, destination } = this.#options;
    const earlier = await copies.find(name);
    if (earlier === undefined) return undefined;
    const difference = differenceOf(entries, earlier);
    if (difference === undefined) return undefined;
    const change = this.#writing(earlier.owner, signal, async (writer) => {
      await writer.amend(context, source, destination, { ...difference, stamps: this.#options.stamps });
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

  #writing(
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
        throw isDiskFull(error) ? noSpace(instruction, describeExhaustion(error, directory), error) : error;
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

  /** False for what is no archive, or is not to be unpacked. */
  async #unpack(writer: TreeWriter, source: ContextSource, destination: string): Promise<boolean> {
    const { instruction, context, stamps, unpacks } = this.#options;
    if (!unpacks || source.isDirectory) return false;
    try {
      return await writer.unpack(context, source, destination, stamps);
    } catch (error) {
      throw isArchiveFault(error) ? archiveRefused(instruction, source, error) : error;
    }
  }

  /** Several files need a directory: docker asks for the slash, and so do several matches of one wildcard. */
  #destinationFor(writer: TreeWriter, inline: readonly InlineFile[]): string {
    const { destination, instruction, sources } = this.#options;
    const several = sources.length + inline.length > 1;
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
    const { instruction, sources } = this.#options;
    const [wildcard, ...others] = instruction.sources;
    if (wildcard === undefined || others.length > 0 || sources.length < 2) return '';
    const names = sources.slice(0, maxMatches).map(({ path }) => displayBytes(path));
    const more = sources.length > maxMatches ? ` and ${sources.length - maxMatches} more` : '';
    return `: ${excerpt(wildcard)} matches ${names.join(', ')}${more}`;
  }
}

// In a message.
const maxMatches = 4;

type Instruction = CopyStep['instruction'];

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
