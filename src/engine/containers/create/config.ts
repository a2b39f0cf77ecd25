import { mergeEnvironment } from '../../../oci-runtime/environment.ts';
import { resolveWorkingDirectory } from '../../../oci-runtime/working-directory.ts';
import type { RunConfig } from '../../../spec/config.ts';
import type { RunRequest } from '../verbs/run-types.ts';

type Overrides = Pick<RunRequest, 'command' | 'entrypoint' | 'environment' | 'workingDirectory' | 'user' | 'labels'>;

/**
 * Returns a container's config, as docker's inspect shows it and commit uses it: the image's config with the requested
 * values in place. ONBUILD triggers, SHELL, stop timeout and ArgsEscaped are left out.
 */
export function containerConfig(image: RunConfig, overrides: Overrides): RunConfig {
  const { Cmd, Entrypoint, OnBuild: _o, Shell: _s, StopTimeout: _t, ArgsEscaped: _a, ...inherited } = image;
  const { command = [], entrypoint, environment = [], workingDirectory, user, labels = {} } = overrides;
  // As docker: a requested entrypoint drops the image's command, and `--entrypoint ""` means no entrypoint.
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
