import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { closeInheritedOnExec } from '../../sys/close-inherited-on-exec.ts';
import { tryLockFile } from '../../sys/flock.ts';
import { type Mount, mountAt } from '../../sys/mount-list.ts';
import { inOwnMountNamespace } from '../../sys/mount-namespace.ts';
import { safeEnvironment } from '../../sys/run-program.ts';
import type { HostJob } from '../../sys/worker/host.ts';
import { SharedBinds } from '../mounts/shared-binds.ts';
import { readRuntimeLog } from '../runtime/bundle.ts';
import { type DocumentContents, writeDocument } from '../runtime/document.ts';
import { startFailure } from '../runtime/start-failure.ts';
import { endOrphanedInit } from './orphaned-init.ts';
import { type SupervisorPlan, supervisorArguments } from './supervisor.ts';
import { parseSyncMessage } from './sync-message.ts';

/** Everything needed to create a container, up to a first process that waits for `start`; plain data. */
export interface LaunchPlan {
  readonly supervisor: SupervisorPlan;
  /** Absolute path of conmon. */
  readonly program: string;
  readonly rootfs: readonly Mount[];
  readonly contents: DocumentContents;
}

/**
 * Creates the bundle and the container's processes; returns the number of its first one, which waits for `start`. The
 * root filesystem is mounted in a namespace that only the supervisor and the container are in, and ends with both.
 * Throws ERR_CONTAINER_START as {@link startFailure} does, and the errors of `writeDocument`; the caller removes the
 * bundle.
 *
 * Moves the calling thread into a mount namespace and back: see {@link inOwnMountNamespace}.
 */
export const launchJob: HostJob<LaunchPlan, never, number> = { kind: 'launch', leavesMounts: false, run: launch };

async function launch(plan: LaunchPlan): Promise<number> {
  const { bundle } = plan.supervisor;
  mkdirSync(bundle.root, { recursive: true, mode: 0o700 });
  using binds = SharedBinds.take(plan.contents.options.mounts, bundle.directory);
  binds.makeMountPoints();
  const contents = { ...plan.contents, options: { ...plan.contents.options, mounts: binds.mounts } };
  const lock = openSync(bundle.lock, 'w', 0o600);
  let child: ChildProcess;
  closeInheritedOnExec();
  try {
    tryLockFile(lock);
    child = inOwnMountNamespace(() => {
      mountAt(plan.rootfs, bundle.root);
      writeDocument(bundle.directory, bundle.root, contents);
      binds.attach();
      return spawn(plan.program, supervisorArguments(plan.supervisor), {
        cwd: bundle.directory,
        detached: true,
        env: { ...safeEnvironment, _OCI_SYNCPIPE: String(syncFd) },
        // The supervisor keeps the lock until its own end.
        stdio: ['ignore', 'ignore', 'pipe', 'pipe', lock],
      });
    });
  } finally {
    closeSync(lock);
  }
  using _orphans = endOrphanedInit(bundle);
  const result = await readResult(child);
  if (typeof result === 'number') return result;
  throw startFailure(readRuntimeLog(bundle), result);
}

const syncFd = 3;
const maxMessageBytes = 64 * 1024;

/** Resolves to the process number, or to the reason of a failure. */
async function readResult(child: ChildProcess): Promise<number | string> {
  const complaint = collect(child.stderr);
  const sync = child.stdio[syncFd] as Readable;
  // The supervisor is a grandchild: our child writes down its number and ends, before or after its message.
  const exited = new Promise((resolve) => child.on('exit', resolve));
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.on('error', reject);
    sync.on('error', reject);
    sync.on('end', () => resolve(text));
    sync.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n') || text.length > maxMessageBytes) resolve(text);
    });
  });
  await exited;
  // From here on the supervisor is independent of us.
  sync.destroy();
  child.stderr?.destroy();
  child.unref();
  const { data, message } = parseSyncMessage(line);
  return data !== undefined && data > 0 ? data : (message ?? complaint().toString('utf8'));
}

function collect(stream: Readable | null): () => Buffer {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).subarray(0, maxMessageBytes);
}
