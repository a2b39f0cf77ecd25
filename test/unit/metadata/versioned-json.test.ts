import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VersionedJson } from '../../../src/metadata/versioned-json.ts';

interface Name {
  readonly first: string;
  readonly last?: string | undefined;
}

const first = new VersionedJson<{ readonly name: string }>('name of somebody');
const second = new VersionedJson<Name>('name of somebody', [({ name }) => ({ first: name ?? '' })]);

test('a document comes back, and says its version', () => {
  assert.deepEqual(second.write({ first: 'a', last: undefined }), { version: 2, first: 'a' });
  assert.deepEqual(second.read(second.write({ first: 'a', last: 'b' })), { first: 'a', last: 'b' });
});

test('an older document is read as if it were new, also one from before documents had versions', () => {
  assert.deepEqual(second.read(first.write({ name: 'a' })), { first: 'a' });
  assert.deepEqual(second.read({ name: 'a' }), { first: 'a' });
  assert.deepEqual(second.read(null), { first: '' });
});

test('a newer document is refused by name', () => {
  const newer = second.write({ first: 'a' });
  assert.equal(first.isKnown(newer), false);
  assert.throws(() => first.read(newer), {
    code: 'ERR_STORE_FORMAT_NEWER',
    message: 'name of somebody: has version 2, and this version of Strata knows versions up to 1',
  });
  assert.equal(second.isKnown(newer), true);
});
