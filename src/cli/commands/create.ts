import type { Command } from 'commander';
import type { Called, CliContext } from '../context.ts';
import { CidFile } from '../flags/cid-file.ts';
import { type ContainerFlags, containerRequest, defineContainerFlags } from '../flags/container-flags.ts';
import { orItsExitCode } from '../or-its-exit-code.ts';

export function define(command: Command, context: CliContext): void {
  defineContainerFlags(command);
  command.action(async (image: string, words: readonly string[], flags: ContainerFlags) =>
    create({ command, context }, image, words, flags),
  );
}

async function create(
  { command, context }: Called,
  image: string,
  words: readonly string[],
  flags: ContainerFlags,
): Promise<void> {
  using cidFile = CidFile.make(flags.cidfile);
  const called = { command, context };
  // What is wrong with the line is told apart from what is wrong with the image, as in docker.
  const request = await orItsExitCode(called, () => containerRequest(called, flags, image, words));
  if (request === undefined) return;
  const { containers } = await context.engine();
  const { id, warnings } = await containers.create({ ...request, signal: context.signal });
  for (const warning of warnings) context.err(`WARNING: ${warning}\n`);
  cidFile.write(id);
  context.out(`${id}\n`);
}
