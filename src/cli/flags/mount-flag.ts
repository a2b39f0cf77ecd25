import { resolve } from 'node:path';
import type { HostBindOptions, HostMount } from '../../engine/index.ts';
import { FlagProblem, parseBytes } from './flag-values.ts';

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['', '1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** Aliases of keys. */
const names: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target', ro: 'readonly' };
/** Keys that need no value. */
const switches: ReadonlySet<string> = new Set(['readonly', 'bind-nonrecursive', 'volume-nocopy']);
const known: ReadonlySet<string> = new Set(
  `type source target readonly consistency bind-propagation bind-nonrecursive bind-recursive tmpfs-size tmpfs-mode volume-nocopy
  volume-label volume-driver volume-opt volume-subpath`.split(/\s+/),
);

/**
 * Parses docker's `--mount`: `type=bind,source=…,target=…,readonly`. A source that begins with a dot is relative to the
 * working directory. Throws {@link FlagProblem}.
 */
export function parseMountFlag(text: string): HostMount {
  if (text === '') throw new FlagProblem('EOF');
  const values = new Map<string, string>();
  for (const field of fieldsOf(text)) {
    const [word = ''] = field.split('=', 1);
    const lower = word.toLowerCase();
    const key = names[lower] ?? lower;
    if (!field.includes('=') && !switches.has(key)) {
      throw new FlagProblem(`invalid field '${field}' must be a key=value pair`);
    }
    if (!known.has(key)) throw new FlagProblem(`unexpected key '${lower}' in '${field}'`);
    values.set(key, field.slice(word.length + 1));
  }
  return mountOf(values);
}

function mountOf(values: ReadonlyMap<string, string>): HostMount {
  const type = (values.get('type') ?? 'volume').toLowerCase();
  const target = values.get('target') ?? '';
  if (target === '') throw new FlagProblem('target is required');
  for (const kind of ['volume', 'bind', 'tmpfs']) {
    if (kind !== type && [...values.keys()].some((key) => key.startsWith(`${kind}-`))) {
      throw new FlagProblem(`cannot mix '${kind}-*' options with mount type '${type}'`);
    }
  }
  const source = values.get('source') ?? '';
  const size = values.get('tmpfs-size');
  const mode = values.get('tmpfs-mode');
  const bind = bindOptions(values);
  const tmpfs = {
    ...(size === undefined ? {} : { SizeBytes: sizeOf(size) }),
    ...(mode === undefined ? {} : { Mode: modeOf(mode) }),
  };
  return {
    Type: type,
    ...(source === '' ? {} : { Source: type === 'bind' && source.startsWith('.') ? resolve(source) : source }),
    Target: target,
    ...(isOn(values, 'readonly') ? { ReadOnly: true } : {}),
    ...(Object.keys(bind).length === 0 ? {} : { BindOptions: bind }),
    ...(Object.keys(tmpfs).length === 0 ? {} : { TmpfsOptions: tmpfs }),
  };
}

function bindOptions(values: ReadonlyMap<string, string>): HostBindOptions {
  const propagation = values.get('bind-propagation')?.toLowerCase();
  const recursion = values.get('bind-recursive') ?? 'enabled';
  if (!['enabled', 'disabled', 'writable', 'readonly'].includes(recursion)) {
    throw new FlagProblem(
      `invalid value for bind-recursive: ${recursion} (must be "enabled", "disabled", "writable", or "readonly")`,
    );
  }
  const require = (isGiven: boolean, option: string): void => {
    if (isGiven) return;
    throw new FlagProblem(`option 'bind-recursive=${recursion}' requires '${option}' to be specified in conjunction`);
  };
  if (recursion === 'writable' || recursion === 'readonly') require(isOn(values, 'readonly'), 'readonly');
  if (recursion === 'readonly') require(propagation === 'rprivate', 'bind-propagation=rprivate');
  return {
    ...(propagation === undefined ? {} : { Propagation: propagation }),
    ...(recursion === 'disabled' || isOn(values, 'bind-nonrecursive') ? { NonRecursive: true } : {}),
    ...(recursion === 'writable' ? { ReadOnlyNonRecursive: true } : {}),
    ...(recursion === 'readonly' ? { ReadOnlyForceRecursive: true } : {}),
  };
}

function isOn(values: ReadonlyMap<string, string>, key: string): boolean {
  const value = values.get(key);
  if (value === undefined) return false;
  const truth = truths.get(value);
  if (truth === undefined) throw new FlagProblem(`invalid value for ${key}: ${value}`);
  return truth;
}

function sizeOf(text: string): number {
  try {
    return parseBytes(text);
  } catch {
    throw new FlagProblem(`invalid value for tmpfs-size: ${text}`);
  }
}

function modeOf(text: string): number {
  if (!/^[0-7]{1,5}$/.test(text)) throw new FlagProblem(`invalid value for tmpfs-mode: ${text}`);
  return Number.parseInt(text, 8);
}

/** Splits a line of CSV: a field in quotes may contain commas, and doubled quotes. */
function fieldsOf(text: string): string[] {
  const fields: string[] = [];
  for (let rest: string | undefined = text; rest !== undefined; ) {
    const quoted: RegExpExecArray | null = /^"((?:[^"]|"")*)"(?:,|$)/s.exec(rest);
    const end: number = quoted ? quoted[0].length : rest.indexOf(',') + 1 || rest.length + 1;
    const isLast: boolean = quoted ? !quoted[0].endsWith(',') : end > rest.length;
    const plain = isLast ? rest : rest.slice(0, end - 1);
    fields.push(quoted?.[1]?.replaceAll('""', '"') ?? plain);
    rest = isLast ? undefined : rest.slice(end);
  }
  return fields;
}
