import { present } from '../lib/present.ts';
import { type DiffId, parseDiffId } from './digest.ts';
import { JsonFields, type KeySet, type StringMap } from './fields.ts';
import { maxConfigBytes, maxHistoryEntries, maxLayers } from './limits.ts';
import { parseJson } from './parse-json.ts';
import type { Parsed, Rules } from './parsed.ts';
import { isTimestamp } from './timestamp.ts';

/** Docker's extension to the image config. Durations are nanoseconds; 0 means the engine's default. */
export interface Healthcheck {
  /** `[]` inherits, `["NONE"]` disables, else `["CMD", …]` or `["CMD-SHELL", command]`. */
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/**
 * The `config` object of OCI's image config with Docker's extensions: how to run the image. Keys are the document's.
 */
export interface RunConfig {
  readonly User?: string;
  /** `80/tcp`, `53/udp`; a port without protocol is TCP. */
  readonly ExposedPorts?: KeySet;
  /** `NAME=value`, in order. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Healthcheck?: Healthcheck;
  /** Windows: the first element of Cmd is the whole command line, already escaped. */
  readonly ArgsEscaped?: boolean;
  readonly Volumes?: KeySet;
  readonly WorkingDir?: string;
  /** Dockerfile instructions to run when the image is the base of a build. */
  readonly OnBuild?: readonly string[];
  readonly Labels?: StringMap;
  readonly StopSignal?: string;
  /** Seconds. */
  readonly StopTimeout?: number;
  /** The shell that runs the shell forms of RUN, CMD and ENTRYPOINT. */
  readonly Shell?: readonly string[];
}

/** One step in an image's making, oldest first. Those without `empty_layer` pair up with `rootfs.diff_ids`. */
export interface HistoryEntry {
  readonly created?: string;
  readonly author?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/**
 * One platform's image: how to run it, and its layers. `config` and `history` are set even when the document has none.
 * String maps and key sets have no prototype, so any key may be looked up.
 */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  /** Docker: the message of `commit -m`. */
  readonly comment?: string;
  readonly docker_version?: string;
  readonly config: RunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly DiffId[] };
  readonly history: readonly HistoryEntry[];
}

const runKeys = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Healthcheck',
  'ArgsEscaped',
  'Volumes',
  'WorkingDir',
  'OnBuild',
  'Labels',
  'StopSignal',
  'StopTimeout',
  'Shell',
] as const satisfies readonly (keyof RunConfig)[];

const healthKeys = ['Test', 'Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const;
const historyKeys = ['created', 'author', 'created_by', 'comment', 'empty_layer'] as const;
const topKeys = [
  'architecture',
  'os',
  'variant',
  'os.version',
  'os.features',
  'created',
  'author',
  'comment',
  'docker_version',
  'config',
  'rootfs',
  'history',
] as const satisfies readonly (keyof ImageConfig)[];

function timestamp(fields: JsonFields): string | undefined {
  const created = fields.string('created');
  if (created !== undefined && !isTimestamp(created)) throw fields.fail('created', 'is no RFC 3339 time');
  return created;
}

function readHealthcheck(fields: JsonFields): Healthcheck {
  const count = (name: string): number | undefined => fields.integer(name);
  return present({
    Test: fields.strings('Test'),
    Interval: count('Interval'),
    Timeout: count('Timeout'),
    StartPeriod: count('StartPeriod'),
    StartInterval: count('StartInterval'),
    Retries: count('Retries'),
  });
}

function readRunConfig(fields: JsonFields, rules: Rules): RunConfig {
  const env = fields.strings('Env');
  for (const [at, entry] of env?.entries() ?? []) {
    if (entry.includes('\0')) throw fields.fail(`Env[${at}]`, 'has a NUL byte');
    if (rules === 'schema' && entry.indexOf('=') < 1) throw fields.fail(`Env[${at}]`, 'is not NAME=value');
  }
  const health = fields.object('Healthcheck', healthKeys);
  return present({
    User: fields.string('User'),
    ExposedPorts: fields.keySet('ExposedPorts'),
    Env: env,
    Entrypoint: fields.strings('Entrypoint'),
    Cmd: fields.strings('Cmd'),
    Healthcheck: health && readHealthcheck(health),
    ArgsEscaped: fields.boolean('ArgsEscaped'),
    Volumes: fields.keySet('Volumes'),
    WorkingDir: fields.string('WorkingDir'),
    OnBuild: fields.strings('OnBuild'),
    Labels: fields.stringMap('Labels'),
    StopSignal: fields.string('StopSignal'),
    StopTimeout: fields.integer('StopTimeout'),
    Shell: fields.strings('Shell'),
  });
}

const readHistory = (fields: JsonFields): HistoryEntry =>
  present({
    created: timestamp(fields),
    author: fields.string('author'),
    created_by: fields.string('created_by'),
    comment: fields.string('comment'),
    empty_layer: fields.boolean('empty_layer'),
  });

function readRootfs(document: JsonFields, rules: Rules): ImageConfig['rootfs'] {
  const fields = document.object('rootfs', ['type', 'diff_ids']);
  if (fields === undefined) throw document.fail('rootfs', 'is missing');
  if (fields.requiredString('type') !== 'layers') throw fields.fail('type', 'must be "layers"');
  const ids = fields.strings('diff_ids');
  // Docker leaves diff_ids out of an image without layers.
  if (ids === undefined && rules === 'schema') throw fields.fail('diff_ids', 'is missing');
  if (ids !== undefined && ids.length > maxLayers) throw fields.fail('diff_ids', `has more than ${maxLayers} entries`);
  return { type: 'layers', diff_ids: (ids ?? []).map(parseDiffId) };
}

/**
 * Reads the config of one platform's image; the digest of `bytes` is its image ID. Unknown fields are tolerated.
 * `rules` 'schema' takes exactly what OCI's JSON schema takes. 'engine' (default) also takes two forms that docker
 * writes and runs: no `diff_ids` for no layers, and an `Env` entry without `=`. Throws ERR_JSON_INVALID,
 * ERR_JSON_TOO_LARGE, ERR_DOCUMENT_INVALID, ERR_DOCUMENT_TOO_LARGE, ERR_DIGEST_INVALID or ERR_DIGEST_UNSUPPORTED.
 */
export function parseImageConfig(
  bytes: Uint8Array,
  options: { readonly rules?: Rules | undefined } = {},
): Parsed<ImageConfig> {
  const what = 'image config';
  const rules = options.rules ?? 'engine';
  const fields = new JsonFields(parseJson(bytes, { what, maxBytes: maxConfigBytes }), topKeys, what);
  const run = fields.object('config', runKeys);
  const value: ImageConfig = present({
    architecture: fields.requiredString('architecture'),
    os: fields.requiredString('os'),
    variant: fields.string('variant'),
    'os.version': fields.string('os.version'),
    'os.features': fields.strings('os.features'),
    created: timestamp(fields),
    author: fields.string('author'),
    comment: fields.string('comment'),
    docker_version: fields.string('docker_version'),
    config: run === undefined ? {} : readRunConfig(run, rules),
    rootfs: readRootfs(fields, rules),
    history: (fields.objects('history', historyKeys, maxHistoryEntries) ?? []).map(readHistory),
  });
  return { bytes, value };
}
