import { encodeTarHeader, readTar, type TarEntry, tarEnd, tarPadding } from '../../archive/index.ts';
import { instantOf } from '../../query/instant.ts';

/** Rewrites a tar in our own form, with one time for all entries. Throws ERR_TAR_UNENCODABLE. */
export async function* retimeTar(tar: AsyncIterable<Uint8Array>, time: Date): AsyncGenerator<Uint8Array, void> {
  const mtime = instantOf(time.getTime());
  for await (const { entry, stored } of readTar(tar)) {
    const { sizeBytes, storedSizeBytes } = bodyOf(entry);
    yield encodeTarHeader({ ...entry, sizeBytes, mtime });
    if (storedSizeBytes > 0) for await (const chunk of stored) yield chunk.slice();
    yield tarPadding(storedSizeBytes);
  }
  yield tarEnd;
}

/** Drops the bytes of hardlinks and directories: they mean nothing to a file system. */
const bodyOf = ({ type, sizeBytes, storedSizeBytes }: TarEntry): Pick<TarEntry, 'sizeBytes' | 'storedSizeBytes'> =>
  type === 'file' ? { sizeBytes, storedSizeBytes } : { sizeBytes: 0, storedSizeBytes: 0 };
