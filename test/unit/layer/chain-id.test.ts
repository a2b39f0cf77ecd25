import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainIds, nextChainId } from '../../../src/layer/chain-id.ts';
import type { DiffId } from '../../../src/spec/digest.ts';

const diffIds = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}` as DiffId);

// `printf '%s %s' CHAIN DIFF | sha256sum`
const expected = [
  `sha256:${'a'.repeat(64)}`,
  'sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c',
  'sha256:c1377126441fb2f5ec2c21ae2a60255331d639e830f0ee1b40a36e52d4c40588',
];

test('a chainID names a layer together with all below it', () => {
  assert.deepEqual(chainIds(diffIds), expected);
  assert.deepEqual(chainIds([]), []);
});

test('the lowest layer has its diffID as chainID, and every other one depends on its parent', () => {
  const [first, second] = diffIds as [DiffId, DiffId];
  assert.equal(nextChainId(undefined, first), first);
  assert.notEqual(nextChainId(nextChainId(undefined, first), second), second);
});
