export { type AssembledImage, assembleImage, type MadeLayer } from './assemble-image.ts';
export { type HistoryStep, historyOf } from './history.ts';
export { readConfig, readDocument } from './read-image.ts';
