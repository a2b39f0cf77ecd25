import { invariant } from '../lib/invariant.ts';
import { alignColumns } from './align.ts';
import type { Row, Value, ValueMap } from './template/values.ts';

/** What `--format` of a listing command asks for. */
export interface ListingFormat {
  /** A heading line first, and columns aligned. */
  readonly isTable: boolean;
  /**
   * Returns the whole text of a listing, a line for each row. `headers` names the columns of each field. In JSON a row's
   * fields stand in the order the row has them. Throws ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT.
   */
  render(headers: ValueMap, rows: readonly Row[]): string;
}

/** What the template `{{.Name}}\t…` would show, which texts and whole numbers are the same in. */
export const tableOf = (columns: readonly string[]): ListingFormat => ({
  isTable: true,
  render: (headers, rows) => {
    const lineOf = (fields: ValueMap): string => `${columns.map((name) => shown(fields[name])).join('\t')}\n`;
    return alignColumns(`${lineOf(headers)}${rows.map(({ fields }) => lineOf(fields)).join('')}`);
  },
});

function shown(value: Value): string {
  if (typeof value === 'string') return value;
  invariant(typeof value === 'number' && Number.isInteger(value), 'a column is a text or a whole number');
  return String(value);
}
