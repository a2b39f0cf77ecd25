import { type ChmodChange, parseChmod } from '../../dockerfile/chmod.ts';
import { readContent } from '../context/content-digest.ts';
import { ContextStamps } from '../context/context-stamps.ts';
import { definitionOf, stepKey } from '../solver/step-key.ts';
import type { Keyed, Op, OpContext } from '../solver/types.ts';
import { type CopiedContent, type CopyStep, CopyWork } from './copy-work.ts';
import type { FilesystemResult } from './filesystem-result.ts';

/** COPY and ADD from the build context, or of files that stand in the Dockerfile; ADD unpacks archives. */
export class CopyOp implements Op<FilesystemResult> {
  readonly definition: string;
  readonly isKeyedByDefinition = false;
  readonly #options: CopyStep;
  readonly #chmod: ChmodChange | undefined;
  readonly #unpacks: boolean;

  constructor(options: CopyStep) {
    const { instruction, destination, platform, time } = options;
    const { kind, sources, exclude, chown, chmod, inlineFiles, location } = instruction;
    this.#options = options;
    this.#unpacks = kind === 'ADD' && instruction.unpack !== false;
    this.#chmod = chmod === '' ? undefined : parseChmod(chmod, location);
    const files = { sources, exclude, inlineFiles, parents: kind === 'COPY' && instruction.parents };
    const made = { destination, chown, chmod, platform, time, unpacks: this.#unpacks };
    this.definition = definitionOf('copy-v3', { ...files, ...made });
  }

  async key(inputs: readonly FilesystemResult[], { signal }: OpContext): Promise<Keyed<FilesystemResult>> {
    const copied = await this.#read(signal);
    const digest = stepKey(this.#operationOn(copied), inputs);
    const copy = new CopyWork({
      ...this.#options,
      ...copied,
      chmod: this.#chmod,
      unpacks: this.#unpacks,
      key: digest,
    });
    return {
      digest,
      exec: async (context) => {
        const snapshotId = await copy.make(inputs[0], context);
        // The key describes the output completely, except for times, so it can be the result's identity.
        return { identity: digest, snapshotId, createdAt: Date.now() };
      },
    };
  }

  async #read(signal: AbortSignal): Promise<CopiedContent> {
    const { instruction, context } = this.#options;
    const hasParents = instruction.kind === 'COPY' && instruction.parents;
    const sources = instruction.sources.flatMap((source) =>
      hasParents ? context.findWithParents(source, instruction) : context.find(source, instruction),
    );
    const stamps = new ContextStamps();
    return { sources, stamps, content: await readContent(context, sources, stamps, signal) };
  }

  #operationOn({ sources, content }: CopiedContent): string {
    const { instruction, destination, platform, time } = this.#options;
    const { chown, chmod } = instruction;
    const inline = instruction.inlineFiles.map(({ name, content: text }) => ({ name, text }));
    // Where nothing can be unpacked, ADD is COPY.
    const unpacks = this.#unpacks && sources.some(({ isDirectory }) => !isDirectory) ? { unpacks: true } : {};
    const fields = { destination, chown, chmod, platform, time, content: content.digest, inline, ...unpacks };
    return definitionOf('copy-v2', fields);
  }
}
