import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ContainerOptions,
  createRuntimeSpec,
  type Machine,
} from '../../../src/oci-runtime/create-runtime-spec.ts';
import { allCapabilities, formatRuntimeDocument } from '../../../src/oci-runtime/index.ts';
import type { RunConfig } from '../../../src/spec/config.ts';
import { patienceMs } from '../../helpers/until.ts';

const busybox = '/bin/busybox';
const runtime = 'runc';
const applets =
  'sh ls cat sleep mount unshare id env hostname grep stat mkdir touch head wc readlink pwd mknod dd ulimit';

/** Returns the reason why no container can be made of busybox here, or false. */
export function needsStaticBusybox(): string | false {
  if (!existsSync(busybox)) return 'busybox-static is not installed';
  return readFileSync(busybox).includes('/ld-linux') ? 'busybox is linked dynamically' : false;
}

export function thisMachine(): Machine {
  const bounding = BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!}`);
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    kernelRelease: release(),
    possibleCpus: readFileSync('/sys/devices/system/cpu/possible', 'utf8'),
    hasUnifiedCgroups: existsSync('/sys/fs/cgroup/cgroup.controllers'),
    capabilities: allCapabilities.filter((_, bit) => ((bounding >> BigInt(bit)) & 1n) === 1n),
  };
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bundle with a root filesystem of busybox alone, to run one container after the other from. */
export class Bundle implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'strata-runc-'));
  readonly rootPath: string = join(this.folder, 'rootfs');
  #count = 0;

  constructor() {
    for (const name of ['bin', 'etc', 'proc', 'dev', 'sys', 'tmp', 'root', 'usr']) {
      mkdirSync(join(this.rootPath, name), { recursive: true });
    }
    cpSync(busybox, join(this.rootPath, 'bin/busybox'));
    for (const applet of applets.split(' ')) symlinkSync('busybox', join(this.rootPath, 'bin', applet));
    for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(this.rootPath, name));
    writeFileSync(join(this.rootPath, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  }

  /** Runs a container to its end by the document made for it. */
  run(image: RunConfig, options: Partial<ContainerOptions> = {}): Outcome {
    const id = `strata-test-${process.pid}-${this.#count++}`;
    const document = createRuntimeSpec(image, {
      rootPath: this.rootPath,
      machine: thisMachine(),
      user: { uid: 0, gid: 0, additionalGids: [], home: '/root' },
      hostname: 'box',
      cgroupsPath: `/${id}`,
      ...options,
    });
    writeFileSync(join(this.folder, 'config.json'), formatRuntimeDocument(document));
    const { status, stdout, stderr } = spawnSync(
      runtime,
      ['--root', join(this.folder, 'state'), 'run', '--bundle', this.folder, id],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: patienceMs },
    );
    return { status, stdout, stderr };
  }

  /** Runs a shell script in a container and returns its output. */
  shell(script: string, options: Partial<ContainerOptions> = {}): string {
    const { status, stdout, stderr } = this.run({ Cmd: ['sh', '-c', script] }, options);
    if (status !== 0) throw new Error(`status ${status}: ${stderr}${stdout}`);
    return stdout;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
