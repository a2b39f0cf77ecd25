import { valueError } from '../dockerfile-error.ts';
import { excerpt, quote } from '../quote.ts';
import type { LineRange, SyntaxNode } from '../syntax-tree.ts';
import { didYouMean } from './did-you-mean.ts';
import { parseBoolean, parseByteSize, parseUint32 } from './numbers.ts';
import { instructionError } from './origin.ts';
import { splitCsv } from './split-csv.ts';

const mountTypes = ['bind', 'cache', 'secret', 'ssh', 'tmpfs'] as const;
const sharingModes = ['locked', 'private', 'shared'] as const;
export type MountType = (typeof mountTypes)[number];
export type MountSharing = (typeof sharingModes)[number];

/** One `--mount=…` as written. Only `from` may not contain variables, and is known at once. */
export interface MountFlag {
  readonly text: string;
  /** Stage, image or context; empty when not given. */
  readonly from: string;
}

/** One `--mount=…`, parsed. Strings that were not given are empty. */
export interface RunMount {
  readonly type: MountType;
  readonly from: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Most bytes in a tmpfs; 0 for no limit. */
  readonly sizeLimit: number;
  readonly id: string;
  readonly sharing: MountSharing | undefined;
  readonly required: boolean;
  /** Variable that gets a secret; an empty name means the secret's own, undefined a file. */
  readonly env: string | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

const keys = [
  'type',
  'from',
  'source',
  'target',
  'readonly',
  'id',
  'sharing',
  'required',
  'size',
  'mode',
  'uid',
  'gid',
  'src',
  'dst',
  'destination',
  'ro',
  'rw',
  'readwrite',
  'env',
] as const;

const csvHint = 'Separate options by commas, and put an option that contains one into double quotes.';
const optionHint = 'Leave out or correct this option of the mount.';

const secretWithoutName = 'invalid secret mount. one of source, target required';

type MountDraft = { -readonly [Key in keyof RunMount]: RunMount[Key] } & { readOnlyGiven: boolean };

interface MountField {
  readonly text: string;
  readonly key: string;
  /** Undefined for a word without `=`. */
  readonly value: string | undefined;
}

function splitField(text: string): MountField {
  const equals = text.indexOf('=');
  if (equals < 0) return { text, key: text.toLowerCase(), value: undefined };
  return { text, key: text.slice(0, equals).toLowerCase(), value: text.slice(equals + 1) };
}

/** Reads the values of a RUN's `--mount` flag that cannot contain variables. @throws ERR_DOCKERFILE_SYNTAX */
export function readMountFlag(node: SyntaxNode, text: string): MountFlag {
  const fields = splitCsv(text);
  if ('problem' in fields) throw instructionError(node, `failed to parse csv mounts: ${fields.problem}`, csvHint);
  let from = '';
  for (const { key, value } of fields.map(splitField)) {
    if (key !== 'from' || value === undefined) continue;
    const dollar = value.indexOf('$');
    if (dollar >= 0 && dollar !== value.length - 1) {
      throw instructionError(
        node,
        "'from' doesn't support variable expansion, define alias stage instead",
        'Add a stage with FROM and the variable, and name that stage.',
      );
    }
    from = value;
  }
  return { text, from };
}

type ReadValue = (draft: MountDraft, value: string, field: MountField) => string | undefined;

const ifType =
  (allowed: readonly MountType[], read: ReadValue): ReadValue =>
  (draft, value, field) =>
    allowed.includes(draft.type)
      ? read(draft, value, field)
      : `unexpected key '${field.key}' for mount type '${draft.type}'`;

const set =
  (name: 'from' | 'source' | 'target' | 'id' | 'env'): ReadValue =>
  (draft, value) => {
    draft[name] = value;
    return undefined;
  };

const readOnly =
  (whenTrue: boolean): ReadValue =>
  (draft, value, field) => {
    const flag = parseBoolean(value);
    if (flag === undefined) return `invalid value for ${field.key}: ${excerpt(value)}`;
    draft.readOnly = flag === whenTrue;
    draft.readOnlyGiven = true;
    return undefined;
  };

const number =
  (name: 'mode' | 'uid' | 'gid', base: 8 | 10): ReadValue =>
  (draft, value) => {
    draft[name] = parseUint32(value, base);
    return draft[name] === undefined ? `invalid value ${excerpt(value)} for ${name}` : undefined;
  };

const readType: ReadValue = (draft, value) => {
  const type = mountTypes.find((known) => known === value.toLowerCase());
  if (type === undefined) return `unsupported mount type ${quote(excerpt(value))}${didYouMean(value, mountTypes)}`;
  draft.type = type;
  return undefined;
};

const readSharing: ReadValue = (draft, value) => {
  draft.sharing = sharingModes.find((known) => known === value.toLowerCase());
  if (draft.sharing !== undefined) return undefined;
  return `unsupported sharing value ${quote(excerpt(value))}${didYouMean(value, sharingModes)}`;
};

const readRequired: ReadValue = (draft, value, field) => {
  const flag = parseBoolean(value);
  if (flag === undefined) return `invalid value for ${field.key}: ${excerpt(value)}`;
  draft.required = flag;
  return undefined;
};

const readSize: ReadValue = (draft, value, field) => {
  const bytes = parseByteSize(value);
  if (bytes === undefined) return `invalid value for ${field.key}: ${excerpt(value)}`;
  draft.sizeLimit = bytes;
  return undefined;
};

const readers: Readonly<Record<(typeof keys)[number], ReadValue>> = {
  type: readType,
  from: set('from'),
  source: set('source'),
  src: set('source'),
  target: set('target'),
  dst: set('target'),
  destination: set('target'),
  readonly: readOnly(true),
  ro: readOnly(true),
  readwrite: readOnly(false),
  rw: readOnly(false),
  required: ifType(['secret', 'ssh'], readRequired),
  size: ifType(['tmpfs'], readSize),
  id: set('id'),
  sharing: readSharing,
  mode: number('mode', 8),
  uid: number('uid', 10),
  gid: number('gid', 10),
  env: set('env'),
};

const needsNoValue: ReadonlySet<string> = new Set(['readonly', 'ro', 'readwrite', 'rw', 'required']);

/** Puts one field into the draft; returns a problem, if any. */
function readField(draft: MountDraft, field: MountField, expand: (word: string) => string): string | undefined {
  const key = keys.find((known) => known === field.key);
  if (field.value === undefined) {
    if (key === undefined || !needsNoValue.has(key)) {
      return `invalid field '${excerpt(field.text)}' must be a key=value pair`;
    }
    return readers[key](draft, 'true', field);
  }
  const value = expand(field.value);
  if (key !== undefined) return readers[key](draft, value, field);
  return `unexpected key '${excerpt(field.key)}' in '${excerpt(field.text)}'${didYouMean(field.key, keys)}`;
}

/** Returns a combination of values that is not allowed in a mount, if any. */
function findContradiction(mount: RunMount): string | undefined {
  const { type } = mount;
  if (type === 'bind' || type === 'tmpfs') {
    for (const name of ['mode', 'uid', 'gid'] as const) {
      if (mount[name] !== undefined) return `${name} not allowed for "${type}" type mounts`;
    }
  }
  if (type === 'secret') {
    if (mount.from !== '') return 'secret mount should not have a from';
    if (mount.sharing !== undefined) return 'secret mount should not define sharing';
    if (mount.source === '' && mount.target === '' && mount.id === '') {
      return secretWithoutName;
    }
    if (mount.source !== '' && mount.id !== '') return "both source and id can't be set";
  }
  if (mount.sharing !== undefined && type !== 'cache') return `invalid cache sharing set for ${type} mount`;
  return undefined;
}

/**
 * Reads a mount completely; `expand` resolves the variables in its values.
 *
 * @throws ERR_DOCKERFILE_VALUE in docker's words, and whatever `expand` throws
 */
export function resolveMount(flag: MountFlag, expand: (word: string) => string, at: LineRange): RunMount {
  const fields = splitCsv(flag.text);
  if ('problem' in fields) throw valueError(`failed to parse csv mounts: ${fields.problem}`, at, csvHint);
  const draft: MountDraft = {
    type: 'bind',
    from: '',
    source: '',
    target: '',
    readOnly: false,
    readOnlyGiven: false,
    sizeLimit: 0,
    id: '',
    sharing: undefined,
    required: false,
    env: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
  };
  for (const field of fields.map(splitField)) {
    const problem = readField(draft, field, expand);
    if (problem !== undefined) throw valueError(problem, at, optionHint);
  }
  const { readOnlyGiven, ...mount } = draft;
  const problem = findContradiction(mount);
  if (problem !== undefined)
    throw valueError(
      problem,
      at,
      problem === secretWithoutName ? 'Give the secret an id, a source or a target.' : optionHint,
    );
  return { ...mount, readOnly: readOnlyGiven ? mount.readOnly : mount.type !== 'cache' && mount.type !== 'tmpfs' };
}
