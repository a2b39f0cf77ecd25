// Reads what a supervisor sends to one client: a thread may wait for packets, which Node's event loop cannot.
import { parentPort, workerData } from 'node:worker_threads';
import { isAlive } from '../../sys/process-identity.ts';
import { receivePacket, waitForPacket } from '../../sys/seqpacket.ts';
import type { AttachWorkerData, OutputChunk } from './attachment.ts';

// As much as the reader may be behind before the container has to wait for it.
const maxUntaken = 1 << 20;
const maxBatch = 1 << 17;
// conmon reads 8192 bytes and puts one before them.
const maxPacket = 16 * 1024;
// How soon a thread that waits notices that its program wants to end, or that the container has.
const lookMs = 250;

const { fd, untaken: shared, process: first } = workerData as AttachWorkerData;
const untaken = new Int32Array(shared);
const packet = Buffer.alloc(maxPacket);
const batch = Buffer.alloc(maxBatch);
let stream: OutputChunk['stream'] = 'stdout';
let size = 0;

function tell(): void {
  if (size === 0) return;
  const chunk = Uint8Array.from(batch.subarray(0, size));
  size = 0;
  Atomics.add(untaken, 0, chunk.length);
  parentPort?.postMessage({ stream, chunk } satisfies OutputChunk, [chunk.buffer]);
  waitForReader();
}

/**
 * The supervisor waits for us and cannot say that the container has ended before we have read all: then no more is to come
 * than the pipes between them hold, and whoever waits for the end must not wait for a slow reader.
 */
function waitForReader(): void {
  for (let behind = Atomics.load(untaken, 0); behind > maxUntaken; behind = Atomics.load(untaken, 0)) {
    const isLookedAt = Atomics.wait(untaken, 0, behind, lookMs) === 'timed-out';
    if (isLookedAt && first !== undefined && !isAlive(first)) return;
  }
}

for (;;) {
  const length = receivePacket(fd, packet);
  if (length === undefined) {
    tell();
    waitForPacket(fd, lookMs);
    continue;
  }
  if (length === 0) break;
  const from = packet[0] === 3 ? 'stderr' : 'stdout';
  if (from !== stream || size + length > maxBatch) tell();
  stream = from;
  packet.copy(batch, size, 1, length);
  size += length - 1;
}
tell();
