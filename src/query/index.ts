/**
 * Selection and formatting of objects as on docker's command line: filters, Go templates, tables, durations, times, sizes.
 * Pure, and every evaluation is bounded.
 *
 * ```ts
 * import { compileFilters, Filters, formatStruct, isOneOf, parseInspectFormat, Struct } from 'strata-oci/query';
 *
 * const all = [{ name: 'web', status: 'running' }];
 * const isKept = compileFilters<(typeof all)[number]>(Filters.fromFlags(['status=running']), {
 *   status: isOneOf(({ status }) => status),
 * });
 * const format = parseInspectFormat('{{.Name}}: {{.Status}}');
 * for (const { name, status } of all.filter(isKept)) {
 *   console.log(formatStruct(format, new Struct({ Name: name, Status: status })));
 * }
 * ```
 *
 * @module
 */
export { alignColumns, displayWidth } from './align.ts';
export { formatDuration, parseDuration } from './duration.ts';
export * from './filters.ts';
export {
  formatInspected,
  formatStruct,
  type InspectFormat,
  parseInspectFormat,
} from './format.ts';
export { compareInstants, type Instant, type ParseInstantOptions, parseInstant } from './instant.ts';
export type { ListingFormat } from './listing-format.ts';
export { parseListingFormat } from './parse-listing-format.ts';
export { parseSize } from './parse-size.ts';
export { Regexp } from './regexp/regexp.ts';
export { type EvaluateOptions, evaluateTemplate } from './template/evaluate.ts';
export { headerFunctions, templateFunctions } from './template/functions.ts';
export { encodeJson } from './template/json.ts';
export type { Branch, Command, List, Located, Node, Operand, Pipe } from './template/nodes.ts';
export { type ParseTemplateOptions, parseTemplate, type Template } from './template/parse.ts';
export type { Row } from './template/values.ts';
export {
  Float,
  Nil,
  type Parameter,
  Struct,
  structured,
  type TemplateFunction,
  type Value,
  type ValueMap,
} from './template/values.ts';
export { humanDuration, humanMemory, humanSize } from './units.ts';
