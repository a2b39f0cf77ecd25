import { StrataError } from '../errors/index.ts';
import { chainIds } from '../layer/chain-id.ts';
import type { Lease } from '../ledger/types.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { ChainId } from '../spec/digest.ts';
import type { Store } from '../store/store.ts';

/**
 * Finds the snapshot with all files of an image for the driver in use, and pins it to `lease`; undefined for an image
 * without layers. `image` is its name in messages. Throws ERR_IMAGE_NOT_UNPACKED.
 */
export async function findUnpackedSnapshot(
  store: Store,
  { rootfs }: Pick<ImageConfig, 'rootfs'>,
  { image, lease }: { readonly image: string; readonly lease: Lease },
): Promise<{ readonly id: string; readonly chainId: ChainId } | undefined> {
  const chainId = chainIds(rootfs.diff_ids).at(-1);
  if (chainId === undefined) return undefined;
  const { name } = await store.openDriver();
  const snapshot = await store.metadata.snapshots.findByChainId(name, chainId, lease);
  if (snapshot !== undefined) return { id: snapshot.id, chainId };
  throw new StrataError({
    code: 'ERR_IMAGE_NOT_UNPACKED',
    message: `image ${image}: its layers are not unpacked for ${name}`,
    hint: 'Build or load the image again with this storage driver.',
  });
}
