export { defaultTarLimits, type TarLimits, TarParser } from './tar/parser.ts';
export { readTar, type TarMember } from './tar/reader.ts';
export type { SparseRun, TarEntry, TarEntryType, TarSink, TarTime } from './tar/types.ts';
export { encodeTarHeader, type TarHeaderFields, tarEnd, tarPadding, tarStoredBytes } from './tar/writer.ts';
