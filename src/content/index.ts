/**
 * Content-addressed blobs: interfaces, a store on disk, one in memory, and verification of streams.
 *
 * ```ts
 * import { LocalContentStore, ObjectLocks } from 'strata-oci/content';
 *
 * const store = LocalContentStore.open({
 *   directory: '/data/content',
 *   locks: new ObjectLocks('/data/locks'),
 *   trashDirectory: '/data/trash',
 * });
 *
 * // An interrupted download continues after the bytes that are already in the store.
 * await using writer = await store.writer('my-download', { expected: { digest, sizeBytes } });
 * for await (const chunk of download(writer.offset)) await writer.write(chunk);
 * await writer.commit();
 *
 * await using blob = await store.open(digest);
 * for await (const chunk of blob.stream()) process.stdout.write(chunk);
 * ```
 *
 * @module
 */

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
  CommitBlobOptions,
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
