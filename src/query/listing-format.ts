import { StrataError } from '../errors/index.ts';
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

/** The table of some fields of each row, which are texts or whole numbers: what the template `{{.Name}}\t…` shows, too. */
export const tableOf = (columns: readonly string[]): ListingFormat => ({
  isTable: true,
  render: (headers, rows) => {
    const lineOf = (fields: ValueMap): string => `${columns.map((name) => shown(name, fields[name])).join('\t')}\n`;
    return alignColumns(`${lineOf(headers)}${rows.map(({ fields }) => lineOf(fields)).join('')}`);
  },
});

function shown(column: string, value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw new StrataError({
    code: 'ERR_FORMAT_INVALID',
    message: `column ${column}: not a text or a whole number in every row`,
    hint: 'Name another field, or show this one by a template: table {{.Name}}.',
  });
}
