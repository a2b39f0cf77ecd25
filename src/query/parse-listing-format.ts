import { type ListingFormat, tableOf } from './listing-format.ts';

/**
 * Reads `--format` of a listing command: `json`, `table TEMPLATE`, or a template. Empty and `table` alone mean the
 * command's own columns, fields of a row; what reads templates is not loaded for them. `\t` and `\n` may be written as
 * escapes. Rejects with ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT.
 */
export async function parseListingFormat(text: string, columns: readonly string[]): Promise<ListingFormat> {
  if (text === '' || text === 'table') return tableOf(columns);
  const { parseTemplateListing } = await import('./format.ts');
  return parseTemplateListing(text);
}
