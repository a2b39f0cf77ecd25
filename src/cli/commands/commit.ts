import type { Command } from 'commander';
import { present } from '../../lib/present.ts';
import type { CliContext } from '../context.ts';
import { collect } from '../flags/flags.ts';

interface CommitFlags {
  readonly author?: string;
  readonly change: readonly string[];
  readonly message?: string;
  readonly pause: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<container>', 'Name or ID of a container')
    .argument('[repository]', 'Name and optionally a tag of the image')
    .option('-a, --author <author>', 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")')
    .option('-c, --change <instruction>', 'Apply Dockerfile instruction to the created image', collect, [])
    .option('-m, --message <text>', 'Commit message')
    .option('-p, --pause', 'Pause container during commit', true)
    .addOption(command.createOption('--no-pause').hideHelp())
    .action(async (container: string, name: string | undefined, flags: CommitFlags) =>
      commit(context, container, name, flags),
    );
}

async function commit(
  context: CliContext,
  container: string,
  name: string | undefined,
  { author, change, message, pause }: CommitFlags,
): Promise<void> {
  const engine = await context.engine();
  await using operation = engine.containers.commit(
    container,
    present({
      reference: name,
      author,
      message,
      changes: change,
      pause,
      signal: context.signal,
    }),
  );
  context.out(`${(await operation.result).id}\n`);
}
