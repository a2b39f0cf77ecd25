import { mergeEnvironment } from '../../../oci-runtime/environment.ts';
import { resolveWorkingDirectory } from '../../../oci-runtime/working-directory.ts';
import type { RunConfig } from '../../../spec/config.ts';
import type { RunRequest } from '../verbs/run-types.ts';

type Overrides = Pick<RunRequest, 'command' | 'entrypoint' | 'environment' | 'workingDirectory' | 'user' | 'labels'>;

/**
 * A container's own config, as docker's inspect shows it and as its commit takes it over: the image's, but for what was
 * asked for. A container has no ONBUILD triggers, SHELL, stop timeout or ArgsEscaped.
 */
export function containerConfig(image: RunConfig, overrides: Overrides): RunConfig {
  const { Cmd, Entrypoint, OnBuild: _o, Shell: _s, StopTimeout: _t, ArgsEscaped: _a, ...inherited } = image;
  const { command = [], entrypoint, environment = [], workingDirectory, user, labels = {} } = overrides;
  // Docker: an own entrypoint makes the image's command meaningless, `--entrypoint ""` is none.
  const ownEntrypoint = entrypoint?.length === 1 && entrypoint[0] === '' ? [] : entrypoint;
  const keepsCmd = command.length === 0 && (entrypoint === undefined || entrypoint.length === 0);
  const args = keepsCmd ? (Cmd ?? []) : command;
  const program = ownEntrypoint ?? Entrypoint ?? [];
  const variables = mergeEnvironment(image.Env ?? [], environment);
  const allLabels = { ...image.Labels, ...labels };
  return {
    ...inherited,
    ...(variables.length === 0 ? {} : { Env: variables.filter((entry) => entry.includes('=')) }),
    ...(args.length === 0 ? {} : { Cmd: args }),
    ...(program.length === 0 ? {} : { Entrypoint: program }),
    ...(workingDirectory === undefined ? {} : { WorkingDir: resolveWorkingDirectory(workingDirectory) }),
    ...(user === undefined ? {} : { User: user }),
    ...(Object.keys(allLabels).length === 0 ? {} : { Labels: allLabels }),
  };
}
