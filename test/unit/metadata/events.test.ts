import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('the highest number that was seen, also of what a power cut may have taken', async (context) => {
  const root = temporaryFolder(context);
  const place = { database: join(root, 'strata.db'), locksDirectory: root };
  const event = { type: 'image', action: 'tag', actor: 'a', attributes: {} } as const;
  {
    using none = Metadata.openForReading({ ...place, bootId: 'first' });
    assert.equal(none.events.highest(), 0);
  }
  {
    using first = await Metadata.open({ ...place, bootId: 'first' });
    await first.db.transact(() => first.events.add(event));
    assert.equal(first.events.highest(), first.events.newest());
  }
  using again = Metadata.openForReading({ ...place, bootId: 'second' });
  const seen = again.events.newest();
  const mayHaveBeenSeen = again.events.highest();
  assert.ok(mayHaveBeenSeen > seen, `${mayHaveBeenSeen} of ${seen}`);
  await again.db.openForWriting();
  assert.equal(again.events.highest(), mayHaveBeenSeen, 'skipped, and not twice');
  await again.db.transact(() => again.events.add(event));
  assert.equal(again.events.newest(), mayHaveBeenSeen + 1);
});
