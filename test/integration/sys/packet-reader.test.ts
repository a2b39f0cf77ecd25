import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLibrary } from '../../../src/sys/ffi.ts';
import { closeFd } from '../../../src/sys/fs-at.ts';
import { PacketReader } from '../../../src/sys/packet-reader.ts';
import { until } from '../../helpers/until.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET_NONBLOCK_CLOEXEC = 5 | 0o4000 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;

const library = openLibrary(null);
const socketPair = library.declare('socketpair', 'int32', ['int32', 'int32', 'int32', 'pointer']);
const sendTo = library.declare('send', 'int64', ['int32', 'pointer', 'uint64', 'int32']);

interface Pair extends Disposable {
  readonly ours: number;
  send(text: string | Uint8Array): boolean;
  close(): void;
}

function pair(): Pair {
  const fds = new Int32Array(2);
  assert.equal(socketPair(AF_UNIX, SOCK_SEQPACKET_NONBLOCK_CLOEXEC, 0, fds), 0);
  const [ours = -1, theirs = -1] = fds;
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeFd(theirs);
    isOpen = false;
  };
  return {
    ours,
    send: (data) => Number(sendTo(theirs, Buffer.from(data), data.length, MSG_NOSIGNAL)) === data.length,
    close,
    [Symbol.dispose]: () => {
      close();
      closeFd(ours);
    },
  };
}

interface Heard {
  readonly packets: string[];
  end: 'none' | 'ended' | Error;
  /** Packets to take before the reader wants no more. */
  room: number;
}

function read(fd: number, room = Number.POSITIVE_INFINITY): { readonly heard: Heard; readonly reader: PacketReader } {
  const heard: Heard = { packets: [], end: 'none', room };
  const reader = new PacketReader(fd, {
    maxPacketBytes: 64,
    onPackets: (packets) => {
      for (const packet of packets) {
        heard.packets.push(Buffer.from(packet).toString('latin1'));
        if (--heard.room <= 0) break;
      }
      return heard.room > 0;
    },
    onEnd: (failure) => {
      heard.end = failure ?? 'ended';
    },
  });
  return { heard, reader };
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('packets come one by one and in order, cut where they are too long, and then the end', async () => {
  using sockets = pair();
  const before = descriptors();
  const { heard } = read(sockets.ours);
  sockets.send('one');
  sockets.send('two');
  await until(
    () => heard.packets.length === 2,
    () => 'timed out',
  );
  sockets.send('x'.repeat(100));
  sockets.send('last');
  sockets.close();
  await until(
    () => heard.end !== 'none',
    () => 'timed out',
  );
  assert.deepEqual(heard.packets, ['one', 'two', 'x'.repeat(64), 'last']);
  assert.equal(heard.end, 'ended');
  await until(
    () => descriptors() === before - 1,
    () => 'timed out',
  );
});

test('packets that are not taken stay with the kernel until the reader resumes', async () => {
  using sockets = pair();
  const { heard, reader } = read(sockets.ours, 2);
  let sent = 0;
  while (sockets.send(`packet ${sent}`)) sent++;
  await until(
    () => heard.packets.length === 2,
    () => 'timed out',
  );
  await sleep(50);
  assert.equal(heard.packets.length, 2, 'nothing more is taken');
  heard.room = Number.POSITIVE_INFINITY;
  reader.resume();
  await until(
    () => heard.packets.length === sent,
    () => 'timed out',
  );
  assert.deepEqual(
    heard.packets,
    Array.from({ length: sent }, (_, at) => `packet ${at}`),
  );
  reader[Symbol.dispose]();
});

test('a peer that closes with unread data leaves its packets, and an end without a failure', async () => {
  using sockets = pair();
  sendTo(sockets.ours, Buffer.from('never read'), 10, MSG_NOSIGNAL);
  for (let at = 0; at < 5; at++) sockets.send(`packet ${at}`);
  sockets.close();
  const { heard } = read(sockets.ours);
  await until(
    () => heard.end !== 'none',
    () => 'timed out',
  );
  assert.equal(heard.end, 'ended');
  assert.deepEqual(heard.packets, ['packet 0', 'packet 1', 'packet 2', 'packet 3', 'packet 4']);
});

test('a paused reader still gets the last packets of such a peer', async () => {
  using sockets = pair();
  sendTo(sockets.ours, Buffer.from('never read'), 10, MSG_NOSIGNAL);
  for (let at = 0; at < 5; at++) sockets.send(`packet ${at}`);
  sockets.close();
  const { heard } = read(sockets.ours, 1);
  await until(
    () => heard.end !== 'none',
    () => 'timed out',
  );
  assert.equal(heard.end, 'ended');
  assert.deepEqual(heard.packets, ['packet 0', 'packet 1', 'packet 2', 'packet 3', 'packet 4']);
});

test('nothing is delivered after disposal, and no descriptor stays', async () => {
  using sockets = pair();
  const before = descriptors();
  const { heard, reader } = read(sockets.ours);
  sockets.send('one');
  reader[Symbol.dispose]();
  reader[Symbol.dispose]();
  await until(
    () => descriptors() === before,
    () => 'timed out',
  );
  assert.deepEqual({ ...heard, room: 0 }, { packets: [], end: 'none', room: 0 });
});

test('two hundred readers need no thread', async () => {
  const before = readdirSync('/proc/self/task').length;
  using stack = new DisposableStack();
  const all = Array.from({ length: 200 }, () => {
    const sockets = stack.use(pair());
    return { sockets, ...read(sockets.ours) };
  });
  for (const [at, { sockets }] of all.entries()) sockets.send(`to ${at}`);
  await until(
    () => all.every(({ heard }) => heard.packets.length === 1),
    () => 'timed out',
  );
  assert.equal(all[123]?.heard.packets[0], 'to 123');
  assert.equal(readdirSync('/proc/self/task').length, before);
  for (const { reader } of all) reader[Symbol.dispose]();
});
