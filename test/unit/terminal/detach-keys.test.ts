import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachFilter, defaultDetachKeys, parseDetachKeys } from '../../../src/terminal/detach-keys.ts';

test('keys are written as docker writes them', () => {
  const bytes = (text: string): number[] => [...parseDetachKeys(text)];
  assert.deepEqual(bytes(''), [16, 17]);
  assert.deepEqual(bytes('ctrl-p,ctrl-q'), [...defaultDetachKeys]);
  assert.deepEqual(bytes('a,B,-,DEL'), [97, 66, 45, 127]);
  assert.deepEqual(bytes('ctrl-@,ctrl-a,ctrl-z,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_'), [0, 1, 26, 27, 28, 29, 30, 31]);
  for (const text of ['ctrl-', 'ctrl-A', 'ctrl-pp', 'ab', ',', 'a,', 'é', 'del']) {
    assert.throws(() => parseDetachKeys(text), {
      code: 'ERR_DETACH_KEYS_INVALID',
      message: `Invalid detach keys (${text}) provided`,
    });
  }
});

/** Returns the chunks of input that pass the filter, and whether they contained the sequence. */
function typeKeys(keys: string, ...pieces: string[]): [string, boolean] {
  const filter = new DetachFilter(Uint8Array.from(keys, (key) => key.charCodeAt(0)));
  const passed = pieces
    .map((piece) => Buffer.from(filter.pass(Buffer.from(piece, 'latin1'))).toString('latin1'))
    .join('|');
  return [passed, filter.isDetached];
}

test('the sequence is taken out, whole or in pieces, and nothing else is', () => {
  assert.deepEqual(typeKeys('pq', 'abpqcd'), ['ab', true]);
  assert.deepEqual(typeKeys('pq', 'ap', 'q', 'x'), ['a||', true]);
  assert.deepEqual(typeKeys('pq', 'ap', 'b'), ['a|pb', false], 'held back until it is known');
  assert.deepEqual(typeKeys('q', 'abq'), ['ab', true]);
  assert.deepEqual(typeKeys('abac', 'ab', 'ac'), ['|', true]);
  assert.deepEqual(typeKeys('abac', 'abab', 'x'), ['abab|x', false]);
});

test('a key that breaks the sequence does not begin a new one, as with docker 26.1', () => {
  assert.deepEqual(typeKeys('pq', 'p', 'p', 'q'), ['|pp|q', false]);
  assert.deepEqual(typeKeys('pq', 'ppq'), ['ppq', false]);
  assert.deepEqual(typeKeys('pq', 'ppp', 'q'), ['pp|', true]);
  assert.deepEqual(typeKeys('aab', 'aaab'), ['aaab', false]);
});

test('however input is cut, the same comes of it', () => {
  // Every input of nine keys out of two, passed key by key and as a whole.
  for (const keys of ['ab', 'aab', 'aba', 'abaa']) {
    for (let number = 0; number < 512; number++) {
      const input = Array.from({ length: 9 }, (_, at) => ((number >> at) & 1 ? 'a' : 'b')).join('');
      const [whole, isDetached] = typeKeys(keys, input);
      const [pieces, isDetachedToo] = typeKeys(keys, ...Array.from(input, (key) => key));
      assert.deepEqual([pieces.replaceAll('|', ''), isDetachedToo], [whole, isDetached], `${keys} in ${input}`);
      if (isDetached) assert.ok(input.startsWith(whole + keys));
      else assert.ok(input.startsWith(whole) && keys.startsWith(input.slice(whole.length)));
    }
  }
});
