export type { AbortOptions } from '../lib/abort.ts';
export type { StoreHealth } from './local/health.ts';
export { type LocalContentOptions, LocalContentStore } from './local/store.ts';
export type { CommitStep } from './local/writer.ts';
export { MemoryContentStore } from './memory.ts';
export { ObjectLocks } from './object-locks.ts';
export type {
  BlobInfo,
  BlobIngester,
  BlobManager,
  BlobProvider,
  BlobReader,
  BlobWriter,
  CommitOptions,
  CommittedBlob,
  ContentStore,
  DeleteOptions,
  ExpectedBlob,
  OpenOptions,
  StoredBlob,
  TransferOrigin,
  WriterOptions,
} from './types.ts';
export { BlobVerifier, digestOf, verifyStream } from './verify.ts';
