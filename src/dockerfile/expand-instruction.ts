import { type RunMount, resolveMount } from './instructions/mount.ts';
import type { Instruction, KeyValue, RunInstruction } from './instructions/types.ts';
import { expandWord, expandWords, type Variables } from './shell-words.ts';
import type { EscapeCharacter, LineRange } from './syntax-tree.ts';

export interface ExpandOptions {
  /** The Dockerfile's escape character. */
  readonly escape: EscapeCharacter;
}

type Expand = (word: string) => string;

function expanderFor(variables: Variables, escape: EscapeCharacter, location: LineRange): Expand {
  return (word) => expandWord(word, variables, { escape, location }).text;
}

const expandPairs = (found: readonly KeyValue[], expand: Expand): KeyValue[] =>
  found.map(({ key, value, legacy }) => ({ key: expand(key), value: expand(value), legacy }));

/**
 * Returns the instruction with its variables replaced, wherever docker replaces them: ENV, LABEL, ADD, COPY, EXPOSE,
 * STOPSIGNAL, USER, VOLUME and WORKDIR. Every value sees the variables from before the instruction, so `ENV a=1 b=$a`
 * takes the old `a`. The others are returned unchanged: RUN, CMD and ENTRYPOINT leave variables to the shell (a RUN's
 * mounts go through {@link expandMounts}), ARG is expanded by `expandStageArgs`.
 *
 * @throws ERR_DOCKERFILE_EXPANSION
 */
export function expandInstruction(instruction: Instruction, variables: Variables, options: ExpandOptions): Instruction {
  const expand = expanderFor(variables, options.escape, instruction.location);
  switch (instruction.kind) {
    case 'ENV':
      return { ...instruction, variables: expandPairs(instruction.variables, expand) };
    case 'LABEL':
      return { ...instruction, labels: expandPairs(instruction.labels, expand) };
    case 'ADD':
      return {
        ...instruction,
        ...expandCopying(instruction, expand, variables),
        checksum: expand(instruction.checksum),
      };
    case 'COPY':
      return { ...instruction, ...expandCopying(instruction, expand, variables) };
    case 'EXPOSE': {
      const { location } = instruction;
      const words = (port: string): string[] => expandWords(port, variables, { escape: options.escape, location });
      return { ...instruction, ports: instruction.ports.flatMap(words) };
    }
    case 'STOPSIGNAL':
      return { ...instruction, signal: expand(instruction.signal) };
    case 'USER':
      return { ...instruction, user: expand(instruction.user) };
    case 'VOLUME':
      return { ...instruction, volumes: instruction.volumes.map(expand) };
    case 'WORKDIR':
      return { ...instruction, path: expand(instruction.path) };
    case 'ARG':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'HEALTHCHECK':
    case 'MAINTAINER':
    case 'ONBUILD':
    case 'RUN':
    case 'SHELL':
      return instruction;
  }
}

type Copying = Extract<Instruction, { kind: 'ADD' | 'COPY' }>;

function expandCopying(
  instruction: Copying,
  expand: Expand,
  variables: Variables,
): Pick<Copying, 'chown' | 'chmod' | 'sources' | 'destination' | 'inlineFiles'> {
  // In a heredoc's content the escape character is always a backslash, and quotes are text.
  const content = { literalQuotes: true, location: instruction.location };
  return {
    chown: expand(instruction.chown),
    chmod: expand(instruction.chmod),
    sources: instruction.sources.map(expand),
    destination: expand(instruction.destination),
    inlineFiles: instruction.inlineFiles.map((file) =>
      file.expand ? { ...file, content: expandWord(file.content, variables, content).text } : file,
    ),
  };
}

/**
 * Reads a RUN's mounts completely, with their variables replaced.
 *
 * @throws ERR_DOCKERFILE_VALUE, ERR_DOCKERFILE_EXPANSION
 */
export function expandMounts(run: RunInstruction, variables: Variables, options: ExpandOptions): RunMount[] {
  const expand = expanderFor(variables, options.escape, run.location);
  return run.mounts.map((mount) => resolveMount(mount, expand, run.location));
}
