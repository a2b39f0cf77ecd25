import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeOutputFile } from '../../../src/images/save/output-file.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

describe('a file that is written whole or not at all', () => {
  for (const unnamed of [true, false]) {
    test(
      unnamed ? 'without a name while it is written' : 'on a filesystem that knows no files without a name',
      async (t) => {
        const folder = temporaryFolder(t);
        const write = async (name: string, text: string): Promise<void> =>
          await writeOutputFile(
            join(folder, name),
            async (take) => {
              await take(Buffer.from(text));
              // A file visible now would stay after a kill.
              assert.equal(
                readdirSync(folder).some((entry) => entry.startsWith('.')),
                !unnamed,
              );
            },
            { unnamed },
          );

        await write('a', 'first');
        assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'first');
        assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o600);
        await write('a', 'second');
        assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'second');

        writeFileSync(join(folder, 'target'), 'stays');
        symlinkSync('target', join(folder, 'link'));
        await write('link', 'replaces the link');
        assert.equal(readFileSync(join(folder, 'link'), 'utf8'), 'replaces the link');
        assert.equal(readFileSync(join(folder, 'target'), 'utf8'), 'stays');

        const failure = new Error('no more');
        const failing = writeOutputFile(join(folder, 'b'), async () => Promise.reject(failure), { unnamed });
        await assert.rejects(failing, failure);
        assert.deepEqual(readdirSync(folder).toSorted(), ['a', 'link', 'target']);
      },
    );
  }
});
