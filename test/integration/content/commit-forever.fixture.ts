// Commits blob after blob and prints the digest of each once it is acknowledged, until the disk or the process ends.
// Arguments: root, seed, `flush` or `no-flush` (which pretends that every flush succeeded).
import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRandom } from '../../helpers/random.ts';
import { openLocal } from '../../unit/content/local/local-content.ts';

const [root = '', seed = '', mode = ''] = process.argv.slice(2);
if (mode === 'no-flush') {
  await using file = await open('/dev/null');
  const prototype = Object.getPrototypeOf(file) as { sync: unknown; datasync: unknown };
  prototype.sync = async () => undefined;
  prototype.datasync = async () => undefined;
}
const random = createRandom(Number(seed));
const store = openLocal(root);
for (let i = 0; ; i++) {
  await using writer = await store.writer(`blob ${i}`);
  for (let chunk = random.next(4); chunk >= 0; chunk--) await writer.write(random.bytes(1 + random.next(60_000)));
  const { digest } = await writer.commit();
  writeSync(1, `${digest}\n`);
}
