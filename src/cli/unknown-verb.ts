import type { Command } from 'commander';
import { StrataError } from '../errors/index.ts';
import { nearest } from '../lib/nearest.ts';
import { isDockers } from './command-table.ts';
import { nameOf, notSupportedYet } from './flags/flags.ts';

/** Of three letters every word is near to some verb. */
const allowedEdits = (word: string): number => (word.length > 3 ? 2 : 1);

/** For a word that stands where the program or one of its nouns has its verbs, and is none. */
export function unknownVerb(parent: Command, word: string): StrataError {
  const verb = [...(parent.parent ? [parent.name()] : []), word].join(' ');
  if (isDockers(verb)) return notSupportedYet(`strata ${verb}`);
  const verbs = parent.commands.map((command) => command.name());
  const meant = nearest(word, verbs, allowedEdits(word));
  const see = `See '${nameOf(parent)} --help'.`;
  return new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_COMMAND_UNKNOWN',
    message: `'${verb}' is not a strata command.`,
    hint: meant === undefined ? see : `Did you mean '${nameOf(parent)} ${verbs[meant]}'? ${see}`,
  });
}
