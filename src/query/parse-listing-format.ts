import { type ListingFormat, tableOf } from './listing-format.ts';

/**
 * Parses `--format` of a listing command: `json`, `table TEMPLATE`, or a template. Empty text and `table` alone mean the
 * command's own columns, and do not load the template language. `\t` and `\n` may be written as escapes. Rejects with
 * ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT.
 */
export async function parseListingFormat(text: string, columns: readonly string[]): Promise<ListingFormat> {
  if (text === '' || text === 'table') return tableOf(columns);
  const { parseTemplateListing } = await import('./format.ts');
  return parseTemplateListing(text);
}
