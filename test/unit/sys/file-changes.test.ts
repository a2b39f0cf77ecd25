import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileChanges } from '../../../src/sys/file-changes.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('a file that comes later is watched from then on, and looked at no more', async (context) => {
  const path = join(temporaryFolder(context), 'events');
  using news = new FileChanges(path);
  // The file does not exist yet, so it cannot be watched and is polled.
  await news.next({});
  await news.next({});
  writeFileSync(path, '');
  await news.next({});
  const quiet = new Error('quiet');
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(quiet), 500);
  await assert.rejects(news.next({ signal: controller.signal }), quiet);
  clearTimeout(timer);
  const told = news.next({});
  writeFileSync(path, 'more');
  await told;
});
