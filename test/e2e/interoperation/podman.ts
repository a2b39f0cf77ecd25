import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownRoot, wholeSeconds, wholeSecondsAround, wholeSecondsBelow } from './losses.ts';
import { type Archive, changeInShell, imageName, listInShell, type Peer, parseListing, shell } from './peer.ts';

const forms = ['docker-archive', 'oci-archive'] as const;

/** Flags that keep a store of containers/storage in its folder. */
const storeFlags = (folder: string): string => `--root=${folder}/root --runroot=${folder}/run --storage-driver=overlay`;

export function podman(folder: string): Peer {
  const conf = `${folder}.conf`;
  // podman's default limits are above those that a machine may allow.
  writeFileSync(conf, '[containers]\ndefault_ulimits = ["nofile=1024:1024"]\n');
  const env = { CONTAINERS_CONF: conf };
  const p = `podman ${storeFlags(folder)} --runtime=runc --cgroup-manager=cgroupfs --events-backend=none`;
  return {
    losses: [wholeSeconds, wholeSecondsAround],
    shownOtherwise: [ownRoot],
    read({ form, path }) {
      if (form === 'oci') return undefined;
      shell(`${p} rmi -af >&2; ${p} load -q -i ${path}`, env);
      return parseListing(shell(`tree=$(${p} image mount ${imageName}); ${listInShell}`, env));
    },
    make(baseTar) {
      shell(
        `${p} import -q ${baseTar} base; c=$(${p} create --network none base true)
        tree=$(${p} mount $c); ${changeInShell}; ${p} umount $c; ${p} commit -q $c ${imageName}; ${p} rm $c`,
        env,
      );
      return forms.map((form): Archive => {
        const path = join(folder, `${form}.tar`);
        shell(`${p} save -q --format ${form} -o ${path} ${imageName}`, env);
        return { form, path };
      });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function buildah(folder: string): Peer {
  const b = `buildah ${storeFlags(folder)}`;
  return {
    losses: [wholeSeconds, wholeSecondsBelow],
    shownOtherwise: [ownRoot],
    read({ form, path }) {
      const name = form === 'oci-archive' ? ':1' : `:${imageName}`;
      return parseListing(shell(`c=$(${b} from ${form}:${path}${name}); tree=$(${b} mount $c); ${listInShell}`));
    },
    make(baseTar) {
      shell(`c=$(${b} from scratch); ${b} add -q $c ${baseTar} /; ${b} commit -q $c base
        c=$(${b} from base); tree=$(${b} mount $c); ${changeInShell}; ${b} commit -q $c ${imageName}`);
      return [...forms, 'oci' as const].map((form): Archive => {
        const path = join(folder, form);
        shell(`${b} push -q ${imageName} ${form}:${path}:${imageName}`);
        return { form, path };
      });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
