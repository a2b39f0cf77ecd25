export { type AssembledImage, assembleImage, type TarLayer } from './assemble-image.ts';
export { type HistoryStep, historyOf } from './history.ts';
export { readConfig, readDocument } from './read-image.ts';
