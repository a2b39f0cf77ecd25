import { type JsonValue, StrataError } from '../errors/index.ts';

type StoredFields = { readonly [name: string]: JsonValue };

/** Converts fields from one version to the next. */
export type Upgrade = (fields: StoredFields) => StoredFields;

/**
 * The format of the objects in a JSON column. Their field `version` gives the version; without it they have version 1.
 * It is independent of the store's format, because fields change more often than tables do.
 */
export class VersionedJson<Value extends object> {
  readonly #name: string;
  readonly #upgrades: readonly Upgrade[];

  /** `name` is for error messages. The first of `upgrades` converts version 1 to version 2, and so on. */
  constructor(name: string, upgrades: readonly Upgrade[] = []) {
    this.#name = name;
    this.#upgrades = upgrades;
  }

  /** Returns `value` with its version, to be stored. */
  write(value: Value): JsonValue {
    return { version: this.#version, ...(JSON.parse(JSON.stringify(value)) as StoredFields) };
  }

  /** False for JSON that a newer version of the program wrote. */
  isKnown(json: JsonValue): boolean {
    const { version = 1 } = isFields(json) ? json : {};
    return typeof version === 'number' && version <= this.#version;
  }

  /** Returns the fields, upgraded to the newest version. Throws ERR_STORE_FORMAT_NEWER. */
  read(json: JsonValue): Partial<Value> {
    const { version = 1, ...fields } = isFields(json) ? json : {};
    if (typeof version !== 'number' || version > this.#version) throw newer(this.#name, version, this.#version);
    return this.#upgrades.slice(version - 1).reduce((older, upgrade) => upgrade(older), fields) as Partial<Value>;
  }

  get #version(): number {
    return this.#upgrades.length + 1;
  }
}

const isFields = (json: JsonValue): json is StoredFields =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const newer = (name: string, version: JsonValue, newest: number): StrataError =>
  new StrataError({
    code: 'ERR_STORE_FORMAT_NEWER',
    message: `${name}: has version ${JSON.stringify(version)}, and this version of Strata knows versions up to ${newest}`,
    hint: 'Upgrade Strata, or use another store.',
    details: { version, newest },
  });
