import type { Command } from 'commander';
import { StrataError } from '../errors/index.ts';
import { nearestIndex } from '../lib/nearest-index.ts';
import { isDockerVerb } from './command-table.ts';
import { nameOf, notSupportedYet } from './flags/flags.ts';

const registries =
  "Get images with 'strata load', 'strata import' and 'strata build'; take them out with 'strata save'.";
const networks = "Use '--network host': the container's ports are then the machine's.";
const oneMachine = "Strata manages one machine: start containers with 'strata run', or use an orchestrator.";
const noDaemon = "There is no daemon to connect to: '--root DIR' selects another store.";
const instead: { readonly [verb: string]: string } = {
  ...Object.fromEntries('pull push login logout search manifest trust'.split(' ').map((verb) => [verb, registries])),
  ...Object.fromEntries('swarm node service stack secret config'.split(' ').map((verb) => [verb, oneMachine])),
  compose: "Compose needs Docker's API, which Strata does not serve yet: start each container with 'strata run'.",
  context: noDaemon,
  'dial-stdio': noDaemon,
  plugin: 'There are no plugins: a program that uses the library can bring its own storage driver.',
  checkpoint: "Use 'strata pause' to stop a container in place, or 'strata commit' to keep its files.",
  events: "Use engine.events of the library; 'strata ps -a' shows the current state of containers.",
  network: networks,
  port: networks,
  stats: "Use 'strata top', which shows the processes of a container.",
  update: "Limits are set when a container is created: 'strata commit' it and run a new one.",
  volume: "Bind mount a directory by its absolute path: 'strata run -v /srv/data:/data'.",
  buildx: "Use 'strata build', 'strata builder du' and 'strata builder prune'.",
};

/** Creates the error for a verb of docker that Strata lacks. */
export const laterVerb = (verb: string): StrataError =>
  notSupportedYet(`strata ${verb}`, instead[verb.split(' ').at(-1) ?? ''] ?? "See 'strata --help' for the commands.");

/** Limits the edits to a verb: a word of three letters is two edits away from some verb in any case. */
const maxEdits = (word: string): number => (word.length > 3 ? 2 : 1);

/** Creates the error for a word in the position of a verb that is none, with the nearest verb as its hint. */
export function unknownVerb(parent: Command, word: string): StrataError {
  const verb = [...(parent.parent ? [parent.name()] : []), word].join(' ');
  if (isDockerVerb(verb)) return laterVerb(verb);
  const verbs = parent.commands.map((command) => command.name());
  const meant = nearestIndex(word, verbs, maxEdits(word));
  const see = `See '${nameOf(parent)} --help'.`;
  return new StrataError({
    code: 'ERR_COMMAND_UNKNOWN',
    message: `'${verb}' is not a strata command.`,
    hint: meant === undefined ? see : `Did you mean '${nameOf(parent)} ${verbs[meant]}'? ${see}`,
  });
}
