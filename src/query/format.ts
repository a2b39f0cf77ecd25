import { isStrataError, StrataError } from '../errors/index.ts';
import { alignColumns } from './align.ts';
import type { ListingFormat } from './listing-format.ts';
import { evaluateTemplate } from './template/evaluate.ts';
import { headerFunctions, templateFunctions } from './template/functions.ts';
import { encodeJson } from './template/json.ts';
import { parseTemplate, type Template } from './template/parse.ts';
import { Struct, structured, type TemplateFunction, type Value, type ValueMap } from './template/values.ts';

const functionNames: ReadonlySet<string> = new Set(templateFunctions.keys());

/** Puts docker's words before Go's message. An error about a limit is unchanged. */
function formatError(error: unknown): unknown {
  if (!isStrataError(error) || error.code === 'ERR_TEMPLATE_LIMIT') return error;
  return new StrataError({
    code: 'ERR_FORMAT_INVALID',
    message: `template parsing error: ${error.message}`,
    hint: 'Name fields as {{.Name}}; the format json shows the fields.',
    cause: error,
  });
}

function parse(text: string): Template {
  try {
    return parseTemplate(text, { functions: functionNames });
  } catch (error) {
    throw formatError(error);
  }
}

function evaluate(template: Template, data: Value, missingKey: 'default' | 'error' = 'default'): string {
  try {
    return evaluateTemplate(template, data, { missingKey });
  } catch (error) {
    throw formatError(error);
  }
}

/** Heads the column of `{{.Label "com.example.my-key"}}` with `my key`. */
const labelHeading: TemplateFunction = {
  parameters: ['string'],
  run: ([key]) => (typeof key === 'string' ? (key.split('.').at(-1) ?? '').replace(/[-_]/g, ' ') : ''),
};

function heading(template: Template, headers: ValueMap): string {
  try {
    const names = new Struct(headers, 'formatter.SubHeaderContext', { Label: labelHeading });
    return evaluateTemplate(template, names, { functions: headerFunctions });
  } catch (error) {
    // Docker prints no heading if a template cannot be evaluated over column names.
    if (isStrataError(error)) return '';
    throw error;
  }
}

/** Parses a template for `parseListingFormat`. Throws ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT. */
export function parseTemplateListing(format: string): ListingFormat {
  const isTable = format.startsWith('table');
  const text = (isTable ? format.slice('table'.length) : format === 'json' ? '{{json .}}' : format)
    .replace(/^ +| +$/g, '')
    .replace(/\\([tn])/g, (_, letter: string) => (letter === 't' ? '\t' : '\n'));
  const template = parse(text);
  return {
    isTable,
    render: (headers, rows) => {
      const lines = rows.map((row) => `${evaluate(template, row)}\n`).join('');
      return isTable ? alignColumns(`${heading(template, headers)}\n${lines}`) : lines;
    },
  };
}

/** Format of a command that shows single objects. */
export type InspectFormat = 'json' | Template;

/** Reads `--format` of `inspect`, `info` and `version`. Throws ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT. */
export const parseInspectFormat = (format: string): InspectFormat => (format === 'json' ? format : parse(format));

/**
 * Formats one object for `inspect --format`. A template sees docker's structs ({@link structured} explains `mapKeys` and
 * `omitEmpty`). If that fails, as for a misspelt field, it sees the plain JSON, and the error of that is thrown.
 * Throws ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT.
 */
export function formatInspected(
  format: InspectFormat,
  data: ValueMap,
  mapKeys: ReadonlySet<string>,
  omitEmpty?: ReadonlySet<string>,
): string {
  const typed = structured(data, mapKeys, omitEmpty);
  if (format === 'json') return encodeJson(typed);
  try {
    return evaluate(format, typed);
  } catch (error) {
    if (!isStrataError(error, 'ERR_FORMAT_INVALID')) throw error;
    return evaluate(format, data, 'error');
  }
}

/** Formats one struct for `--format` of `info` and `version`. Throws ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT. */
export const formatStruct = (format: InspectFormat, data: Struct): string =>
  format === 'json' ? encodeJson(data) : evaluate(format, data);
