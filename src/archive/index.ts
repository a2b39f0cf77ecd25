export { defaultTarLimits, type TarLimits, TarParser } from './tar/parser.ts';
export type { SparseRun, TarEntry, TarEntryType, TarSink, TarTime } from './tar/types.ts';
