import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nearestSecond } from './losses.ts';
import { type Archive, changeInShell, imageName, listInShell, type Peer, parseListing, shell } from './peer.ts';

/** Opens umoci, with skopeo to convert archives into the only form it reads. */
export function umoci(folder: string): Peer {
  mkdirSync(folder);
  let count = 0;
  const fresh = (): string => join(folder, String(count++));
  return {
    losses: [nearestSecond],
    shownOtherwise: [],
    read({ form, path }) {
      const [layout, bundle] = [fresh(), fresh()];
      const name =
        form === 'oci-archive' ? `${path}:1` : form === 'oci' ? `${path}:${imageName}` : `${path}:${imageName}`;
      shell(`skopeo --insecure-policy copy -q ${form}:${name} oci:${layout}:odd`);
      shell(`umoci unpack --image ${layout}:odd ${bundle} 2>&1`);
      return parseListing(shell(`tree=${bundle}/rootfs; ${listInShell}`));
    },
    make(baseTar): readonly Archive[] {
      const [layout, bundle] = [fresh(), fresh()];
      shell(`umoci init --layout ${layout}; umoci new --image ${layout}:odd
        umoci raw add-layer --image ${layout}:odd ${baseTar}
        umoci unpack --image ${layout}:odd ${bundle}
        tree=${bundle}/rootfs; ${changeInShell}
        umoci repack --image ${layout}:odd ${bundle}`);
      return [{ form: 'oci', path: layout }];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
