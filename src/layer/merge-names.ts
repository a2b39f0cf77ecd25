import { compareBytes } from '../lib/bytes.ts';
import { listFd } from '../sys/list-at.ts';

/** Returns the names in open directories, each once, in byte order. Reads the directories before it returns. */
export function mergeNames(fds: readonly number[]): Iterator<Uint8Array, void> {
  const lists = fds.map((fd) => listFd(fd).sort().names());
  const [only] = lists;
  return only !== undefined && lists.length === 1 ? only : merge(lists);
}

function* merge(lists: readonly Iterator<Uint8Array, void>[]): Generator<Uint8Array, void> {
  const heads = lists.map((list) => list.next().value);
  for (;;) {
    let least: Uint8Array | undefined;
    for (const head of heads) {
      if (head !== undefined && (least === undefined || compareBytes(head, least) < 0)) least = head;
    }
    if (least === undefined) return;
    for (const [at, list] of lists.entries()) {
      const head = heads[at];
      if (head !== undefined && compareBytes(head, least) === 0) heads[at] = list.next().value ?? undefined;
    }
    yield least;
  }
}
