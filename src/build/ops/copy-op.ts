import { createHash } from 'node:crypto';
import { type ChmodChange, parseChmod } from '../../dockerfile/chmod.ts';
import type { CopyInstruction, InlineFile } from '../../dockerfile/instructions/types.ts';
import type { Platform } from '../../spec/platform.ts';
import type { BuildContext, ContextSource } from '../context/build-context.ts';
import { contentDigest } from '../context/content-digest.ts';
import { ContextStamps } from '../context/context-stamps.ts';
import type { CacheMap, ExecContext, Op, OpContext } from '../solver/types.ts';
import type { FilesystemResult, Workspace } from './filesystem-result.ts';
import { copyRefused } from './tree-target.ts';
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
  readonly #stamps = new ContextStamps();
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
        .update(`copy-v2\n${JSON.stringify(fields)}`)
        .digest('hex')}`,
    };
  }

  async exec([parent]: readonly FilesystemResult[], { signal, key }: ExecContext): Promise<FilesystemResult> {
    const { workspace, instruction, context } = this.#options;
    const snapshotId = await workspace.change(
      parent?.snapshotId,
      async (directory) => {
        using writer = new TreeWriter(directory, { chown: instruction.chown, chmod: this.#chmod, signal });
        const destination = this.#destinationFor(writer, instruction.inlineFiles);
        for (const source of this.#sources) await writer.copy(context, source, destination, this.#stamps);
        this.#stamps.checkAll();
        for (const file of instruction.inlineFiles) writer.write(file, destination);
        writer.finish();
      },
      { signal },
    );
    // Whatever the key says is what is there: equal keys stand for equal files, times apart.
    return { identity: key, snapshotId, createdAt: Date.now() };
  }

  /** Several files need a directory: docker asks for the slash, and so do several matches of one wildcard. */
  #destinationFor(writer: TreeWriter, inline: readonly InlineFile[]): string {
    const { destination } = this.#options;
    const several = this.#sources.length + inline.length > 1;
    if (several && !destination.endsWith('/') && !writer.isDirectory(destination)) {
      throw copyRefused(
        'When using COPY with more than one source file, the destination must be a directory and end with a /',
      );
    }
    return destination;
  }
}
