import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { userAttributes, wholeSeconds, wholeSecondsAround } from './losses.ts';
import { changeInShell, imageName, listInShell, type Peer, parseListing, shell } from './peer.ts';

const daemon = process.env['STRATA_BENCH_DOCKERD'];
const client = process.env['STRATA_BENCH_DOCKER'] ?? 'docker';

/** Reason why docker is not tested, or false. */
export const withoutDocker: string | false = daemon === undefined ? 'STRATA_BENCH_DOCKERD names no dockerd' : false;

/** Starts a dockerd that keeps everything below `folder`. */
export async function docker(folder: string): Promise<Peer> {
  if (daemon === undefined) throw new Error(String(withoutDocker));
  mkdirSync(folder, { recursive: true });
  const d = `${client} --host unix://${folder}/sock`;
  const at = (name: string): string => join(folder, name);
  const child = spawn(
    daemon,
    [
      `--host=unix://${at('sock')}`,
      `--pidfile=${at('pid')}`,
      `--data-root=${at('data')}`,
      `--exec-root=${at('exec')}`,
      '--bridge=none',
      '--iptables=false',
      '--storage-driver=overlay2',
    ],
    // The unpacked dockerd finds its containerd and its runtime beside itself.
    {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${dirname(daemon)}:${dirname(daemon)}/../bin:${process.env['PATH']}` },
    },
  );
  const ended = once(child, 'exit');
  for (let attempt = 0; ; attempt++) {
    try {
      shell(`${d} version`);
      break;
    } catch (error) {
      if (attempt === 200 || child.exitCode !== null) throw new Error('dockerd did not come up', { cause: error });
      await sleep(200);
    }
  }
  const directories = (data: string): string => `{{.GraphDriver.Data.${data}}}`;
  return {
    losses: [wholeSeconds, wholeSecondsAround, userAttributes],
    shownOtherwise: [],
    read({ form, path }) {
      if (form !== 'docker-archive') return undefined;
      shell(`${d} load -q -i ${path}`);
      const lowers = `$(${d} image inspect -f '${directories('UpperDir')}:${directories('LowerDir')}' ${imageName})`;
      return parseListing(
        shell(`tree=${folder}/tree; mkdir -p $tree
          mount -t overlay overlay -o "ro,lowerdir=${lowers}" $tree; ${listInShell}; ${d} rmi ${imageName} >&2`),
      );
    },
    make(baseTar) {
      const options = `lowerdir=${directories('LowerDir')},upperdir=${directories('UpperDir')},workdir=${directories('WorkDir')}`;
      shell(`${d} import ${baseTar} base:1; c=$(${d} create --network none base:1 true)
        tree=${folder}/tree; mkdir -p $tree
        mount -t overlay overlay -o "$(${d} inspect -f '${options}' $c),index=off" $tree
        ${changeInShell}; umount $tree
        ${d} commit $c ${imageName}; ${d} rm $c; ${d} save -o ${at('docker-archive')} ${imageName}
        ${d} rmi ${imageName} base:1`);
      return [{ form: 'docker-archive', path: at('docker-archive') }];
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}
