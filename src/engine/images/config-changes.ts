import { readTarget } from '../../build/frontend/plan-stage.ts';
import { parseInstructions } from '../../dockerfile/instructions/parse-instructions.ts';
import { parseDockerfile } from '../../dockerfile/parser.ts';
import { StrataError } from '../../errors/index.ts';
import { utf8 } from '../../lib/bytes.ts';
import type { RunConfig } from '../../spec/config.ts';
import type { Platform } from '../../spec/platform.ts';

// Docker's list: what changes a config and no files.
const allowed = 'CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR'.split(' ');

/**
 * A config after Dockerfile instructions, as `--change` gives them. Throws ERR_CHANGE_INVALID, and what the Dockerfile
 * language throws.
 */
export function applyChanges(base: RunConfig, changes: readonly string[], platform: Platform): RunConfig {
  if (changes.length === 0) return base;
  const tree = parseDockerfile(utf8(`FROM scratch\n${changes.join('\n')}\n`));
  const { stages } = parseInstructions(tree);
  const kinds = stages.flatMap(({ instructions }, at) => [
    ...(at === 0 ? [] : ['FROM']),
    ...instructions.map(({ kind }) => kind),
  ]);
  const refused = kinds.find((kind) => !allowed.includes(kind));
  if (refused !== undefined) {
    throw new StrataError({
      kind: 'invalid-argument',
      code: 'ERR_CHANGE_INVALID',
      message: `${refused} is not a valid change command`,
      hint: `A change is one of ${allowed.join(', ')}.`,
    });
  }
  return readTarget(tree, { buildArgs: new Map(), labels: {}, target: undefined, platform }).plan(base).config;
}
