import type { ProcessSpec, RuntimeSpec } from './spec.ts';

// Not in TypeScript's library yet (proposal-json-parse-with-source).
const rawNumber = (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON.bind(JSON);

/** Formats `config.json`, or the document of one process. Numbers above 2^53 are written in full. */
export function formatRuntimeDocument(document: RuntimeSpec | ProcessSpec): string {
  return JSON.stringify(document, (_key, value: unknown) =>
    typeof value === 'bigint' ? rawNumber(value.toString()) : value,
  );
}
