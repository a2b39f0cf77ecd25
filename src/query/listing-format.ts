import { StrataError } from '../errors/index.ts';
import { alignColumns } from './align.ts';
import type { Row, Value, ValueMap } from './template/values.ts';

/** Format of a listing command. */
export interface ListingFormat {
  /** True for aligned columns below a heading line. */
  readonly isTable: boolean;
  /**
   * Returns the whole text of a listing, a line for each row. `headers` are the headings by field. JSON keeps the order
   * of a row's fields. Throws ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT.
   */
  render(headers: ValueMap, rows: readonly Row[]): string;
}

/** Returns a table of some fields of each row, texts or whole numbers. It equals the template `{{.Name}}\t…`. */
export const tableOf = (columns: readonly string[]): ListingFormat => ({
  isTable: true,
  render: (headers, rows) => {
    const lineOf = (fields: ValueMap): string =>
      `${columns.map((name) => formatCell(name, fields[name])).join('\t')}\n`;
    return alignColumns(`${lineOf(headers)}${rows.map(({ fields }) => lineOf(fields)).join('')}`);
  },
});

function formatCell(column: string, value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw new StrataError({
    code: 'ERR_FORMAT_INVALID',
    message: `column ${column}: not a text or a whole number in every row`,
    hint: 'Name another field, or show this one by a template: table {{.Name}}.',
  });
}
