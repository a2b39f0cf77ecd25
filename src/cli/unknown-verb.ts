import type { Command } from 'commander';
import { StrataError } from '../errors/index.ts';
import { nearestIndex } from '../lib/nearest-index.ts';
import { isDockers } from './command-table.ts';
import { nameOf, notSupportedYet } from './flags/flags.ts';

const registries =
  'Registries are not supported yet: images come with load, import and build, and leave with save and export.';
const networks = "So far there are only the networks none and host: with '--network host' its ports are the machine's.";
const instead: { readonly [verb: string]: string } = {
  ...Object.fromEntries('pull push login logout search manifest trust'.split(' ').map((verb) => [verb, registries])),
  events:
    "The library has them (engine.events), the command not yet: 'strata ps -a' shows the containers as they are now.",
  network: networks,
  port: networks,
  stats: "'strata top' shows the processes of a container.",
  update: "Limits are set when a container is made: 'strata commit' it and run it anew.",
  volume: "Name a directory of the machine by its absolute path: 'strata run -v /srv/data:/data'.",
  buildx: "What it is for is there without it: 'strata build', 'strata builder du' and 'strata builder prune'.",
};

/** For a verb that docker has and Strata does not have yet. */
export const laterVerb = (verb: string): StrataError =>
  notSupportedYet(`strata ${verb}`, instead[verb.split(' ').at(-1) ?? ''] ?? "'strata --help' lists what there is.");

/** Of three letters every word is near to some verb. */
const allowedEdits = (word: string): number => (word.length > 3 ? 2 : 1);

/** For a word that stands where the program or one of its nouns has its verbs, and is none. */
export function unknownVerb(parent: Command, word: string): StrataError {
  const verb = [...(parent.parent ? [parent.name()] : []), word].join(' ');
  if (isDockers(verb)) return laterVerb(verb);
  const verbs = parent.commands.map((command) => command.name());
  const meant = nearestIndex(word, verbs, allowedEdits(word));
  const see = `See '${nameOf(parent)} --help'.`;
  return new StrataError({
    code: 'ERR_COMMAND_UNKNOWN',
    message: `'${verb}' is not a strata command.`,
    hint: meant === undefined ? see : `Did you mean '${nameOf(parent)} ${verbs[meant]}'? ${see}`,
  });
}
