import { type JsonValue, StrataError } from '../errors/index.ts';

type Fields = { readonly [name: string]: JsonValue };

/** Takes the fields of a document from one version to the next. */
export type Upgrade = (fields: Fields) => Fields;

/**
 * What stands in a JSON column of the store, an object whose field `version` says which form it has; without one it is
 * version 1. Its own version, apart from the store's format, because fields change more often than tables do.
 */
export class VersionedJson<Value extends object> {
  readonly #name: string;
  readonly #upgrades: readonly Upgrade[];

  /** `name` is what an error calls it; the first of `upgrades` takes version 1 to version 2, and so on. */
  constructor(name: string, upgrades: readonly Upgrade[] = []) {
    this.#name = name;
    this.#upgrades = upgrades;
  }

  write(value: Value): JsonValue {
    return { version: this.#version, ...(JSON.parse(JSON.stringify(value)) as Fields) };
  }

  /** False for a document that a newer version of the program wrote. */
  isKnown(document: JsonValue): boolean {
    const { version = 1 } = isFields(document) ? document : {};
    return typeof version === 'number' && version <= this.#version;
  }

  /** Returns the fields as this version of the program knows them. Throws ERR_STORE_FORMAT_NEWER. */
  read(document: JsonValue): Partial<Value> {
    const { version = 1, ...fields } = isFields(document) ? document : {};
    if (typeof version !== 'number' || version > this.#version) throw newer(this.#name, version, this.#version);
    return this.#upgrades.slice(version - 1).reduce((older, upgrade) => upgrade(older), fields) as Partial<Value>;
  }

  get #version(): number {
    return this.#upgrades.length + 1;
  }
}

const isFields = (document: JsonValue): document is Fields =>
  typeof document === 'object' && document !== null && !Array.isArray(document);

const newer = (name: string, version: JsonValue, newest: number): StrataError =>
  new StrataError({
    code: 'ERR_STORE_FORMAT_NEWER',
    message: `${name}: has version ${JSON.stringify(version)}, and this version of Strata knows versions up to ${newest}`,
    hint: 'Upgrade Strata, or name another store.',
    details: { version, newest },
  });
