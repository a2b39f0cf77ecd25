import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const { files } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly files: readonly string[];
};
const shipped = ['package.json', ...files.filter((name) => name !== 'dist')];

export interface PublishedPackage extends Disposable {
  /** A user's folder with the package installed. */
  readonly folder: string;
  /** The package inside, as unpacked from the tarball. */
  readonly packageFolder: string;
}

/** Builds, packs and installs the package as `npm publish` and `npm install` do, without a registry. */
export function publishPackage(): PublishedPackage {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-published-'));
  const dispose = (): void => rmSync(scratch, { recursive: true, force: true });
  try {
    const stage = join(scratch, 'stage');
    execFileSync(process.execPath, [join(repository, 'tools/build.ts'), join(stage, 'dist')]);
    for (const name of shipped) cpSync(join(repository, name), join(stage, name), { recursive: true });
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', scratch], { cwd: stage });
    const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? '';

    const folder = join(scratch, 'consumer');
    const packageFolder = join(folder, 'node_modules/strata-oci');
    mkdirSync(packageFolder, { recursive: true });
    execFileSync('tar', ['-xzf', join(scratch, tarball), '-C', packageFolder, '--strip-components=1']);
    for (const name of ['koffi', '@types']) {
      symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    return { folder, packageFolder, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
