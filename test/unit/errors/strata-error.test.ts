import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listKinds } from '../../../src/errors/codes.ts';
import { errorFromJson, isKind, isStrataError, StrataError } from '../../../src/errors/index.ts';

const message = 'x: broken';

test('the table of codes gives an error its kind', () => {
  assert.equal(new StrataError({ code: 'ERR_BLOB_NOT_FOUND', message }).kind, 'not-found');
  assert.deepEqual(Object.keys(listKinds()), Object.keys(listKinds()).toSorted());
  for (const code of Object.keys(listKinds())) assert.match(code, /^ERR_[A-Z0-9]+(?:_[A-Z0-9]+)*$/);
});

test('a misspelt code does not compile', () => {
  // @ts-expect-error
  const error = new StrataError({ code: 'ERR_BLOB_NOT_FUOND', message });
  // @ts-expect-error
  isStrataError(error, 'ERR_BLOB_NOT_FUOND');
  // @ts-expect-error
  assert.ok(error.code !== 'ERR_BLOB_NOT_FOUNT');
  // @ts-expect-error: the kind follows from the code
  assert.ok(new StrataError({ code: 'ERR_BLOB_NOT_FOUND', kind: 'not-found', message }));
});

test('another package has codes of its own, and says their kind', () => {
  const error = new StrataError({ code: 'zfs:ERR_POOL_MISSING', kind: 'failed-precondition', message });
  assert.ok(isStrataError(error, 'zfs:ERR_POOL_MISSING'));
  assert.ok(isKind(error, 'failed-precondition'));
  // @ts-expect-error: nothing else knows it
  assert.equal(new StrataError({ code: 'zfs:ERR_POOL_MISSING', message }).kind, 'internal');
});

test('an error made again from its JSON is the same', () => {
  const full = new StrataError({ code: 'ERR_STORE_CORRUPT', message, hint: 'Restore it.', details: { at: 5 } });
  const bare = new StrataError({ code: 'zfs:ERR_POOL_MISSING', kind: 'unavailable', message });
  for (const error of [full, bare]) {
    const again = errorFromJson(JSON.parse(JSON.stringify(error)));
    assert.ok(isStrataError(again, error.code));
    assert.deepEqual(again.toJSON(), error.toJSON());
  }
});

test('an error of a newer version keeps its code and kind', () => {
  const again = errorFromJson({ kind: 'conflict', code: 'ERR_NOT_INVENTED_YET', message });
  assert.deepEqual(again?.toJSON(), { kind: 'conflict', code: 'ERR_NOT_INVENTED_YET', message });
});

test('anything else is not made into an error', () => {
  const others = [undefined, null, 'x', [], {}, { message }, { kind: 'odd', code: 'ERR_EXEC', message }];
  for (const other of others) assert.equal(errorFromJson(other), undefined);
});
