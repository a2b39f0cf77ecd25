import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { restate, StrataError } from '../../../src/errors/index.ts';

describe('an error restated', () => {
  const bare = new StrataError({ code: 'ERR_STORE_CORRUPT', message: 'cut short' });
  const full = new StrataError({
    code: 'ERR_STORE_CORRUPT',
    message: 'cut short',
    hint: 'Fetch it again.',
    details: { at: 5 },
  });

  it('keeps kind, code and hint, and has the first error as its cause', () => {
    const { kind, code, hint, message, cause } = restate(full, { message: 'layer 3: cut short' });
    assert.deepEqual(
      { kind, code, hint, message, cause },
      {
        kind: 'corrupt',
        code: 'ERR_STORE_CORRUPT',
        hint: 'Fetch it again.',
        message: 'layer 3: cut short',
        cause: full,
      },
    );
  });

  it('adds to the details, the new ones first', () => {
    assert.deepEqual(restate(full, { details: { at: 6, file: 'a' } }).details, { at: 6, file: 'a' });
    assert.equal(restate(full, { details: { file: 'a' } }).message, 'cut short');
  });

  it('makes up neither a hint nor details', () => {
    assert.deepEqual(restate(bare, { message: 'other' }).toJSON(), {
      kind: 'corrupt',
      code: 'ERR_STORE_CORRUPT',
      message: 'other',
    });
  });
});
