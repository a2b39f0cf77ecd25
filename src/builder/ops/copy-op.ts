import { type ChmodChange, parseChmod } from '../../dockerfile/chmod.ts';
import { BuildContext } from '../context/build-context.ts';
import { ContextStamps } from '../context/context-stamps.ts';
import { readContent } from '../context/read-content.ts';
import { definitionOf, stepKey } from '../solver/step-key.ts';
import type { Keyed, Op, OpContext } from '../solver/types.ts';
import { type CopiedContent, type CopyStep, CopyWork } from './copy-work.ts';
import type { FilesystemResult } from './filesystem-result.ts';
import { keyAsIdentity } from './key-as-identity.ts';

/**
 * COPY and ADD: files of the build context, of a stage or an image, or of the Dockerfile itself; ADD unpacks archives.
 * The first input is the filesystem that receives the files, the second their source. A key has the content that is
 * copied, not the stage: a stage that was run again and made the same files changes nothing.
 */
export class CopyOp implements Op<FilesystemResult> {
  readonly definition: string;
  readonly isKeyedByDefinition: boolean;
  readonly #options: CopyStep;
  readonly #chmod: ChmodChange | undefined;
  readonly #unpacks: boolean;
  /**
   * True for files of a stage or an image: without `--chown` they keep their owners, as in BuildKit. Files of the
   * context become root's.
   */
  readonly #keepsOwner: boolean;

  constructor(options: CopyStep) {
    const { instruction, destination, platform, time, from } = options;
    const { kind, sources, exclude, chown, chmod, inlineFiles, location } = instruction;
    this.#options = options;
    this.#unpacks = kind === 'ADD' && instruction.unpack !== false;
    this.#chmod = chmod === '' ? undefined : parseChmod(chmod, location);
    this.#keepsOwner = from !== undefined && chown === '';
    this.isKeyedByDefinition = from !== undefined;
    const taken = { sources, exclude, inlineFiles, parents: kind === 'COPY' && instruction.parents };
    const made = { destination, chown, chmod, platform, time, unpacks: this.#unpacks, keepsOwner: this.#keepsOwner };
    this.definition = definitionOf('copy-v3', { ...taken, ...made, fromInput: from !== undefined });
  }

  async key(inputs: readonly FilesystemResult[], { signal }: OpContext): Promise<Keyed<FilesystemResult>> {
    const [parent, source] = inputs;
    const copied = await this.#withFiles(source, signal, async (files) => await this.#read(files, signal));
    const digest = stepKey(this.#operationOf(copied), parent === undefined ? [] : [parent]);
    const work = (files: BuildContext, context: OpContext): Promise<string> =>
      this.#workOf(files, copied, digest).make(parent, context);
    return keyAsIdentity(
      digest,
      async (context) => await this.#withFiles(source, context.signal, (files) => work(files, context)),
    );
  }

  /** Opens the source of the files while `use` runs. */
  async #withFiles<T>(
    source: FilesystemResult | undefined,
    signal: AbortSignal,
    use: (files: BuildContext) => Promise<T>,
  ): Promise<T> {
    const { from, context, workspace } = this.#options;
    if (from === undefined) return await use(context);
    const read = async (directory: string): Promise<T> => {
      using files = BuildContext.openFiles(directory, from);
      return await use(files);
    };
    const snapshotId = source?.snapshotId ?? (await workspace.change(undefined, async () => {}, { signal }));
    return await workspace.read(snapshotId, read, { signal });
  }

  async #read(files: BuildContext, signal: AbortSignal): Promise<CopiedContent> {
    const { instruction } = this.#options;
    const { kind, exclude } = instruction;
    const from = kind === 'COPY' && instruction.from !== '' ? ` --from=${instruction.from}` : '';
    const options = { verb: `${kind}${from}`, exclude };
    const hasParents = kind === 'COPY' && instruction.parents;
    const sources = instruction.sources.flatMap((source) =>
      hasParents ? files.findWithParents(source, options) : files.find(source, options),
    );
    const stamps = new ContextStamps(files);
    const keepsOwner = this.#keepsOwner;
    return { sources, stamps, content: await readContent(files, sources, { stamps, keepsOwner, signal }) };
  }

  #workOf(context: BuildContext, copied: CopiedContent, key: string): CopyWork {
    return new CopyWork({
      ...this.#options,
      ...copied,
      context,
      key,
      chmod: this.#chmod,
      unpacks: this.#unpacks,
      keepsOwner: this.#keepsOwner,
    });
  }

  #operationOf({ sources, content }: CopiedContent): string {
    const { instruction, destination, platform, time } = this.#options;
    const { chown, chmod } = instruction;
    const inline = instruction.inlineFiles.map(({ name, content: text }) => ({ name, text }));
    // Without a file that could be unpacked, ADD has the key of COPY.
    const unpacks = this.#unpacks && sources.some(({ isDirectory }) => !isDirectory) ? { unpacks: true } : {};
    const fields = { destination, chown, chmod, platform, time, content: content.digest, inline, ...unpacks };
    return definitionOf('copy-v2', fields);
  }
}
