import type { Instruction, KeyValue, OnbuildInstruction } from '../../dockerfile/instructions/types.ts';

const formatQuotedList = (words: readonly string[]): string =>
  `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;

/** Formats a list like Go. */
const formatList = (words: readonly string[]): string => `[${words.join(' ')}]`;

const formatPairs = (found: readonly KeyValue[]): string => found.map(({ key, value }) => `${key}=${value}`).join(' ');

/**
 * Returns a resolved instruction for `history`, in BuildKit's words: `COPY hello /hello`, `CMD ["/hello"]`. `shell` is
 * put before the shell forms. Like BuildKit's, the history leaves out ONBUILD, which changes nothing in this image;
 * `inspect` shows the triggers.
 */
export function formatCreatedBy(
  instruction: Exclude<Instruction, OnbuildInstruction>,
  shell: readonly string[],
): string {
  switch (instruction.kind) {
    case 'ADD':
    case 'COPY': {
      const files = [...instruction.sources, ...instruction.inlineFiles.map(({ name }) => `<<${name}`)];
      return [instruction.kind, ...formatCopyFlags(instruction), ...files, instruction.destination].join(' ');
    }
    case 'ARG':
      return `ARG ${instruction.definitions.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(' ')}`;
    case 'CMD':
    case 'ENTRYPOINT':
      return `${instruction.kind} ${formatQuotedList(instruction.shellForm ? [...shell, ...instruction.args] : instruction.args)}`;
    case 'ENV':
      return `ENV ${formatPairs(instruction.variables)}`;
    case 'EXPOSE':
      // Go prints maps with sorted keys.
      return `EXPOSE map[${instruction.ports
        .toSorted()
        .map((port) => `${port}:{}`)
        .join(' ')}]`;
    case 'HEALTHCHECK':
      return `HEALTHCHECK ${formatQuotedList(instruction.test)}`;
    case 'LABEL':
      return `LABEL ${formatPairs(instruction.labels)}`;
    case 'MAINTAINER':
      return `MAINTAINER ${instruction.maintainer}`;
    case 'RUN':
      return `RUN ${instruction.args.join(' ')}`;
    case 'SHELL':
      return `SHELL ${formatList(instruction.shell)}`;
    case 'STOPSIGNAL':
      return `STOPSIGNAL ${instruction.signal}`;
    case 'USER':
      return `USER ${instruction.user}`;
    case 'VOLUME':
      return `VOLUME ${formatList(instruction.volumes)}`;
    case 'WORKDIR':
      return `WORKDIR ${instruction.path}`;
  }
}

function formatCopyFlags(instruction: Extract<Instruction, { kind: 'ADD' | 'COPY' }>): string[] {
  const flags: string[] = [];
  if (instruction.kind === 'COPY' && instruction.parents) flags.push('--parents');
  if (instruction.chown !== '') flags.push(`--chown=${instruction.chown}`);
  if (instruction.chmod !== '') flags.push(`--chmod=${instruction.chmod}`);
  for (const pattern of instruction.exclude) flags.push(`--exclude=${pattern}`);
  return flags;
}
