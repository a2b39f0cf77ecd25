import type { Instruction, KeyValue, OnbuildInstruction } from '../../dockerfile/instructions/types.ts';

const list = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;

/** As Go shows a list. */
const plainList = (words: readonly string[]): string => `[${words.join(' ')}]`;

const pairs = (found: readonly KeyValue[]): string => found.map(({ key, value }) => `${key}=${value}`).join(' ');

/**
 * Returns what `history` shows of a resolved instruction, in BuildKit's words: `COPY hello /hello`, `CMD ["/hello"]`.
 * `shell` stands before the shell forms. Like BuildKit, the history says nothing of ONBUILD, which changes nothing in this
 * image; `inspect` shows the triggers.
 */
export function createdBy(instruction: Exclude<Instruction, OnbuildInstruction>, shell: readonly string[]): string {
  switch (instruction.kind) {
    case 'ADD':
    case 'COPY': {
      const files = [...instruction.sources, ...instruction.inlineFiles.map(({ name }) => `<<${name}`)];
      return [instruction.kind, ...copyFlags(instruction), ...files, instruction.destination].join(' ');
    }
    case 'ARG':
      return `ARG ${instruction.definitions.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(' ')}`;
    case 'CMD':
    case 'ENTRYPOINT':
      return `${instruction.kind} ${list(instruction.shellForm ? [...shell, ...instruction.args] : instruction.args)}`;
    case 'ENV':
      return `ENV ${pairs(instruction.variables)}`;
    case 'EXPOSE':
      // As Go shows a map: with its keys sorted.
      return `EXPOSE map[${instruction.ports
        .toSorted()
        .map((port) => `${port}:{}`)
        .join(' ')}]`;
    case 'HEALTHCHECK':
      return `HEALTHCHECK ${list(instruction.test)}`;
    case 'LABEL':
      return `LABEL ${pairs(instruction.labels)}`;
    case 'MAINTAINER':
      return `MAINTAINER ${instruction.maintainer}`;
    case 'RUN':
      return `RUN ${instruction.args.join(' ')}`;
    case 'SHELL':
      return `SHELL ${plainList(instruction.shell)}`;
    case 'STOPSIGNAL':
      return `STOPSIGNAL ${instruction.signal}`;
    case 'USER':
      return `USER ${instruction.user}`;
    case 'VOLUME':
      return `VOLUME ${plainList(instruction.volumes)}`;
    case 'WORKDIR':
      return `WORKDIR ${instruction.path}`;
  }
}

function copyFlags(instruction: Extract<Instruction, { kind: 'ADD' | 'COPY' }>): string[] {
  const flags: string[] = [];
  if (instruction.kind === 'COPY' && instruction.parents) flags.push('--parents');
  if (instruction.chown !== '') flags.push(`--chown=${instruction.chown}`);
  if (instruction.chmod !== '') flags.push(`--chmod=${instruction.chmod}`);
  for (const pattern of instruction.exclude) flags.push(`--exclude=${pattern}`);
  return flags;
}
