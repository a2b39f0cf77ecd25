import { readTarget } from '../../builder/frontend/read-target.ts';
import { parseDockerfile } from '../../dockerfile/parse-dockerfile.ts';
import { excerpt, quote } from '../../dockerfile/quote.ts';
import { isStrataError, restate, StrataError } from '../../errors/index.ts';
import { utf8 } from '../../lib/bytes.ts';
import { invariant } from '../../lib/invariant.ts';
import type { RunConfig } from '../../spec/config.ts';
import type { Platform } from '../../spec/platform.ts';

// Docker's list: instructions that change a config and no files.
const allowed = 'CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR'.split(' ');

// The grammar wants instructions to be in a stage.
const head = 'FROM scratch\n';

/**
 * Applies Dockerfile instructions, such as those of `--change`, to a config. Throws ERR_CHANGE_INVALID, and the errors of
 * the Dockerfile language with the change that is wrong.
 */
export function applyChanges(base: RunConfig, changes: readonly string[], platform: Platform): RunConfig {
  if (changes.length === 0) return base;
  try {
    return applyInstructions(base, changes, platform);
  } catch (error) {
    throw restateForChange(error, changes);
  }
}

function applyInstructions(base: RunConfig, changes: readonly string[], platform: Platform): RunConfig {
  const tree = parseDockerfile(utf8(`${head}${changes.join('\n')}\n`));
  const instructions = tree.nodes.slice(1);
  if (instructions.length === 0) {
    throw new StrataError({
      code: 'ERR_CHANGE_INVALID',
      message: 'change: file with no instructions',
      hint: 'Give the change an instruction, or leave it out.',
    });
  }
  const refused = instructions.find(({ name }) => !allowed.includes(name.toUpperCase()));
  if (refused !== undefined) {
    throw new StrataError({
      code: 'ERR_CHANGE_INVALID',
      message: `${excerpt(refused.name.toUpperCase())} is not a valid change command`,
      hint: `A change is one of ${allowed.join(', ')}.`,
    });
  }
  const target = readTarget(tree, { buildArgs: new Map(), labels: {}, target: undefined, platform });
  const [stage] = target.stagesFor(target.index);
  invariant(stage !== undefined, 'the changes are in a stage');
  // Set by BuildKit; docker's import and commit set it for Windows alone.
  const { ArgsEscaped: _argsEscaped, ...config } = stage.plan(base).config;
  return config;
}

/** Names the change in place of the line: line numbers are those of a Dockerfile made here. */
function restateForChange(error: unknown, changes: readonly string[]): unknown {
  const line = isStrataError(error) ? error.details?.['line'] : undefined;
  if (!isStrataError(error) || typeof line !== 'number') return error;
  const ends = changes.map((_, at) => `${head}${changes.slice(0, at + 1).join('\n')}`.split('\n').length);
  const change = changes[ends.findIndex((end) => line <= end)];
  if (change === undefined) return error;
  return restate(error, {
    message: `change ${quote(excerpt(change))}: ${error.message.replace(/^dockerfile (?:parse error on )?line \d+: /, '')}`,
    hint: error.hint ?? 'Write a change as a line of a Dockerfile, and quote it for your shell.',
    details: null,
  });
}
