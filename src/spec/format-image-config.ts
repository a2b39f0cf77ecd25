import { compareBytes, utf8 } from '../lib/bytes.ts';
import { present } from '../lib/present.ts';
import type { HistoryEntry, ImageConfig, RunConfig } from './config.ts';

// Go's encoding sorts the keys of maps, by bytes.
const sortKeys = <Value>(map: { readonly [key: string]: Value } | undefined): { [key: string]: Value } | undefined =>
  map &&
  Object.fromEntries(
    Object.entries(map)
      .map(([key, value]) => ({ key, value, bytes: utf8(key) }))
      .sort((a, b) => compareBytes(a.bytes, b.bytes))
      .map(({ key, value }) => [key, value]),
  );

const formatRun = (run: RunConfig): object =>
  present({
    User: run.User,
    ExposedPorts: sortKeys(run.ExposedPorts),
    Env: run.Env,
    Cmd: run.Cmd,
    Healthcheck: run.Healthcheck && {
      ...present({
        Test: run.Healthcheck.Test,
        Interval: run.Healthcheck.Interval,
        Timeout: run.Healthcheck.Timeout,
        StartPeriod: run.Healthcheck.StartPeriod,
        StartInterval: run.Healthcheck.StartInterval,
        Retries: run.Healthcheck.Retries,
      }),
    },
    ArgsEscaped: run.ArgsEscaped,
    Volumes: sortKeys(run.Volumes),
    WorkingDir: run.WorkingDir,
    Entrypoint: run.Entrypoint,
    OnBuild: run.OnBuild,
    Labels: sortKeys(run.Labels),
    StopSignal: run.StopSignal,
    StopTimeout: run.StopTimeout,
    Shell: run.Shell,
  });

const formatHistory = (entry: HistoryEntry): object =>
  present({
    created: entry.created,
    author: entry.author,
    created_by: entry.created_by,
    comment: entry.comment,
    empty_layer: entry.empty_layer,
  });

/**
 * Returns the bytes of a new config: fields in the order docker writes them, maps sorted, only fields of {@link
 * ImageConfig}. Equal configs give equal bytes, and so equal image IDs.
 */
export function formatImageConfig(config: ImageConfig): Uint8Array {
  const document = present({
    architecture: config.architecture,
    author: config.author,
    comment: config.comment,
    config: formatRun(config.config),
    created: config.created,
    docker_version: config.docker_version,
    history: config.history.map(formatHistory),
    os: config.os,
    'os.features': config['os.features'],
    'os.version': config['os.version'],
    rootfs: { type: config.rootfs.type, diff_ids: config.rootfs.diff_ids },
    variant: config.variant,
  });
  return utf8(JSON.stringify(document));
}
