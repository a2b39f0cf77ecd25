import { readTarget } from '../../builder/frontend/read-target.ts';
import { parseDockerfile } from '../../dockerfile/parse-dockerfile.ts';
import { excerpt, quote } from '../../dockerfile/quote.ts';
import { isStrataError, restate, StrataError } from '../../errors/index.ts';
import { utf8 } from '../../lib/bytes.ts';
import { invariant } from '../../lib/invariant.ts';
import type { RunConfig } from '../../spec/config.ts';
import type { Platform } from '../../spec/platform.ts';

// Docker's list: what changes a config and no files.
const allowed = 'CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR'.split(' ');

// The grammar wants a stage to stand in.
const head = 'FROM scratch\n';

/**
 * A config after Dockerfile instructions, as `--change` gives them. Throws ERR_CHANGE_INVALID, and what the Dockerfile
 * language throws, told of the change it is in.
 */
export function applyChanges(base: RunConfig, changes: readonly string[], platform: Platform): RunConfig {
  if (changes.length === 0) return base;
  try {
    return applied(base, changes, platform);
  } catch (error) {
    throw ofChange(error, changes);
  }
}

function applied(base: RunConfig, changes: readonly string[], platform: Platform): RunConfig {
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
  invariant(stage !== undefined, 'the changes stand in a stage');
  // Set by BuildKit; docker's import and commit set it for Windows alone.
  const { ArgsEscaped: _argsEscaped, ...config } = stage.plan(base).config;
  return config;
}

/** The lines that an error counts are those of a Dockerfile that nobody wrote. */
function ofChange(error: unknown, changes: readonly string[]): unknown {
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
