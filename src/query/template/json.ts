import { itemsOf, kindOf, lookUp, mapOf, Row, Struct, sortedKeys, toNumber, type Value } from './values.ts';

const encodeString = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replace(/[\u2028\u2029]/g, (char) => (char === '\u2028' ? '\\u2028' : '\\u2029'));

const escapeHtml = (json: string): string =>
  json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);

/**
 * Encodes JSON on one line, as docker's function `json` does: structs in field order, maps sorted by key, and `<`, `>`
 * and `&` escaped only in a {@link Row}.
 */
export function encodeJson(value: Value): string {
  switch (kindOf(value)) {
    case 'string':
      return encodeString(value as string);
    case 'bool':
    case 'int':
      return `${value as boolean | number | bigint}`;
    case 'float':
      return JSON.stringify(toNumber(value));
    case 'slice':
      return Array.isArray(value) ? `[${itemsOf(value).map(encodeJson).join(',')}]` : 'null';
    case 'struct':
    case 'map': {
      if (!(value instanceof Struct)) {
        const map = mapOf(value);
        const isNil = value !== map;
        return isNil
          ? 'null'
          : `{${sortedKeys(map)
              .map((key) => `${encodeString(key)}:${encodeJson(lookUp(map, key))}`)
              .join(',')}}`;
      }
      const fields = Object.entries(value.toJSON()).filter(([, field]) => field !== undefined);
      const json = `{${fields.map(([name, field]) => `${encodeString(name)}:${encodeJson(field)}`).join(',')}}`;
      return value instanceof Row ? escapeHtml(json) : json;
    }
    case 'invalid':
    case 'nil':
    case 'pointer':
      return 'null';
  }
}
