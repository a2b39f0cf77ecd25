export type { AbortOptions } from '../lib/abort.ts';
export type { StoredDocument } from './assemble-image.ts';
export { type AssembledImage, assembleImage, type TarLayer } from './assemble-image.ts';
export { type HistoryStep, historyOf } from './history.ts';
export { readConfig, readDocument } from './read-image.ts';
