import { Nil, type Value, type ValueMap } from '../../query/template/values.ts';
import type { ImageDetails, ImageStorage } from '../images/image-types.ts';

/** Keys whose values are maps with keys of the user's choice. All others are fields. */
export const imageMapKeys: ReadonlySet<string> = new Set(['Labels', 'ExposedPorts', 'Volumes', 'Data']);

/** Fields that docker leaves out when they are empty. */
export const imageOptionalFields: ReadonlySet<string> = new Set([
  'ArgsEscaped',
  'Created',
  'ExposedPorts',
  'Healthcheck',
  'Layers',
  'Shell',
  'StopSignal',
  'Variant',
]);

/** Returns an image in the shape of `docker image inspect`. */
export function imageDocument(image: ImageDetails): ValueMap {
  const { id, references, targets, config, sizeBytes, taggedAt, storage } = image;
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
      Hostname: '',
      Domainname: '',
      User: run.User ?? '',
      AttachStdin: false,
      AttachStdout: false,
      AttachStderr: false,
      ExposedPorts: run.ExposedPorts === undefined ? new Nil('map') : toMap(run.ExposedPorts),
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Env: listOr(run.Env),
      Cmd: listOr(run.Cmd),
      Healthcheck: run.Healthcheck === undefined ? new Nil('pointer') : ({ ...run.Healthcheck } as ValueMap),
      ArgsEscaped: run.ArgsEscaped === true,
      Image: '',
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
    GraphDriver: { Data: driverData(storage), Name: storage.driver },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: taggedAt?.toISOString() ?? '0001-01-01T00:00:00Z' },
  };
}

/** Returns docker's fields. As with docker, `MergedDir` and `WorkDir` are never used: an image itself is not mounted. */
function driverData({ directories: [own, ...lower] }: ImageStorage): Value {
  if (own === undefined) return new Nil('map');
  const folder = own.slice(0, own.lastIndexOf('/'));
  return {
    ...(lower.length === 0 ? {} : { LowerDir: lower.join(':') }),
    MergedDir: `${folder}/merged`,
    UpperDir: own,
    WorkDir: `${folder}/work`,
  };
}

const listOr = (list: readonly string[] | undefined): Value => list ?? new Nil('slice');

const toMap = (keys: object): ValueMap => Object.fromEntries(Object.keys(keys).map((key) => [key, {}]));
