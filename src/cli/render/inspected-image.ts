import type { ImageDetails } from '../../engine/index.ts';
import { Nil, type Value, type ValueMap } from '../../query/template/values.ts';

/** Keys whose values are maps with the user's own keys; the others are fields. */
export const inspectedMapKeys: ReadonlySet<string> = new Set(['Labels', 'ExposedPorts', 'Volumes']);

/** Fields that docker leaves out when there is nothing to say. */
export const inspectedIfAny: ReadonlySet<string> = new Set([
  'Created',
  'ExposedPorts',
  'Healthcheck',
  'Layers',
  'Shell',
  'StopSignal',
  'Variant',
]);

/** An image in the shape of `docker image inspect`. */
export function inspectedImage({ id, references, targets, config, sizeBytes }: ImageDetails): ValueMap {
  const run = config.config;
  const repositories = new Set(references.map((reference) => reference.replace(/(?::[^/:]*)?(?:@.*)?$/, '')));
  return {
    Id: id,
    RepoTags: references,
    RepoDigests: [...repositories].flatMap((repository) => targets.map((target) => `${repository}@${target}`)),
    Parent: '',
    Comment: config.comment ?? config.history.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: {
      User: run.User ?? '',
      ExposedPorts: run.ExposedPorts === undefined ? new Nil('map') : toMap(run.ExposedPorts),
      Env: listOr(run.Env),
      Cmd: listOr(run.Cmd),
      Healthcheck: run.Healthcheck === undefined ? new Nil('pointer') : ({ ...run.Healthcheck } as ValueMap),
      Volumes: run.Volumes === undefined ? new Nil('map') : toMap(run.Volumes),
      WorkingDir: run.WorkingDir ?? '',
      Entrypoint: listOr(run.Entrypoint),
      OnBuild: listOr(run.OnBuild),
      Labels: run.Labels === undefined ? new Nil('map') : { ...run.Labels },
      StopSignal: run.StopSignal ?? '',
      Shell: listOr(run.Shell),
    },
    Architecture: config.architecture,
    Variant: config.variant ?? '',
    Os: config.os,
    Size: sizeBytes,
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
  };
}

const listOr = (list: readonly string[] | undefined): Value => list ?? new Nil('slice');

const toMap = (keys: object): ValueMap => Object.fromEntries(Object.keys(keys).map((key) => [key, {}]));
