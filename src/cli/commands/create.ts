import type { Command } from 'commander';
import { catchRunFailure } from '../catch-run-failure.ts';
import type { CliContext, VerbCall } from '../context.ts';
import { CidFile } from '../flags/cid-file.ts';
import { type ContainerFlags, defineContainerFlags, readContainerRequest } from '../flags/container-flags.ts';

export function define(command: Command, context: CliContext): void {
  defineContainerFlags(command);
  command.action(async (image: string, words: readonly string[], flags: ContainerFlags) =>
    create({ command, context }, image, words, flags),
  );
}

async function create(
  { command, context }: VerbCall,
  image: string,
  words: readonly string[],
  flags: ContainerFlags,
): Promise<void> {
  using cidFile = CidFile.make(flags.cidfile);
  const call = { command, context };
  // A wrong line has another exit code than a wrong image, as in docker.
  const request = await catchRunFailure(call, () => readContainerRequest(call, flags, image, words));
  if (request === undefined) return;
  const { containers } = await context.engine();
  const { id, warnings } = await containers.create({ ...request, signal: context.signal });
  for (const warning of warnings) context.err(`WARNING: ${warning}\n`);
  cidFile.write(id);
  context.out(`${id}\n`);
}
