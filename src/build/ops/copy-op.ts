import { createHash } from 'node:crypto';
import { type ChmodChange, parseChmod } from '../../dockerfile/chmod.ts';
import type { CopyInstruction, InlineFile } from '../../dockerfile/instructions/types.ts';
import type { Platform } from '../../spec/platform.ts';
import type { BuildContext, ContextSource } from '../context/build-context.ts';
import { contentDigest } from '../context/content-digest.ts';
import type { CacheMap, Op, OpContext } from '../solver/types.ts';
import type { FilesystemResult, Workspace } from './filesystem-result.ts';
import { TreeWriter } from './tree-writer.ts';

export interface CopyOpOptions {
  readonly instruction: CopyInstruction;
  /** Absolute; a slash at the end means a directory. */
  readonly destination: string;
  readonly platform: Platform;
  readonly context: BuildContext;
  readonly workspace: Workspace;
}

/** COPY from the build context, or of files that stand in the Dockerfile. */
export class CopyOp implements Op<FilesystemResult> {
  readonly #options: CopyOpOptions;
  readonly #chmod: ChmodChange | undefined;
  readonly #stamps = new Map<string, string>();
  #sources: readonly ContextSource[] = [];

  constructor(options: CopyOpOptions) {
    const { chmod, location } = options.instruction;
    this.#options = options;
    this.#chmod = chmod === '' ? undefined : parseChmod(chmod, location);
  }

  async cacheMap({ signal }: OpContext): Promise<CacheMap> {
    const { instruction, destination, platform, context } = this.#options;
    this.#sources = instruction.sources.flatMap((source) => context.find(source));
    const content = await contentDigest(context, this.#sources, this.#stamps, signal);
    const inline = instruction.inlineFiles.map(({ name, content: text }) => ({ name, text }));
    const fields = { destination, chown: instruction.chown, chmod: instruction.chmod, platform, content, inline };
    return {
      digest: `sha256:${createHash('sha256')
        .update(`copy-v1\n${JSON.stringify(fields)}`)
        .digest('hex')}`,
    };
  }

  async exec([parent]: readonly FilesystemResult[], { signal }: OpContext): Promise<FilesystemResult> {
    const { workspace, instruction, context } = this.#options;
    const snapshotId = await workspace.change(
      parent?.snapshotId,
      async (directory) => {
        using writer = new TreeWriter(directory, { chown: instruction.chown, chmod: this.#chmod, signal });
        const destination = this.#destinationFor(writer, instruction.inlineFiles);
        for (const source of this.#sources) await writer.copy(context, source, destination, this.#stamps);
        for (const file of instruction.inlineFiles) writer.write(file, destination);
        writer.finish();
      },
      { signal },
    );
    return { identity: `snapshot:${snapshotId}`, snapshotId, createdAt: Date.now() };
  }

  /** Several files need a directory: docker asks for the slash, and so do several matches of one wildcard. */
  #destinationFor(writer: TreeWriter, inline: readonly InlineFile[]): string {
    const { destination, instruction } = this.#options;
    const several = this.#sources.length + inline.length > 1;
    if (several && !destination.endsWith('/') && !writer.isDirectory(destination)) {
      throw writer.refuse(
        `${instruction.kind} with more than one source: the destination ${instruction.destination} must be a directory and end with a /`,
      );
    }
    return destination;
  }
}
