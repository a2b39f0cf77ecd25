import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { needs } from '../helpers/needs.ts';
import { publishPackage } from '../helpers/publish-package.ts';
import { placesOf } from '../helpers/store-places.ts';

const repository = join(import.meta.dirname, '../..');
const { folder, packageFolder, [Symbol.dispose]: remove } = publishPackage();
const roots = {
  built: join(folder, 'built'),
  fromSources: join(folder, 'from-sources'),
  readme: join(folder, 'store'),
  elsewhere: join(folder, 'elsewhere'),
  example: join(folder, 'example'),
  driver: join(folder, 'driver-store'),
};
after(() => {
  for (const root of Object.values(roots)) rmSync(placesOf(root).run, { recursive: true, force: true });
  remove();
});
const { exports, version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly version: string;
};

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: readonly string[], args: readonly string[], root: string): Answer {
  const [file = '', ...before] = command;
  const env = { ...process.env, STRATA_ROOT: root, NODE_COMPILE_CACHE: join(folder, 'compiled') };
  const { status, stdout, stderr } = spawnSync(file, [...before, ...args], { encoding: 'utf8', env, cwd: repository });
  return { code: status, stdout, stderr };
}

const built = (...args: string[]): Answer =>
  run([process.execPath, join(packageFolder, 'dist/cli/strata.cjs')], args, roots.built);
const fromSources = (...args: string[]): Answer => run([join(repository, 'bin/strata')], args, roots.fromSources);

/**
 * Leaves out everything that two builds of one context do not have in common: times, IDs made of them, widths of
 * columns.
 */
function withoutTimes({ code, stdout, stderr }: Answer): Answer {
  const neutral = (text: string): string =>
    text
      .replace(/\b[0-9a-f]{64}\b/g, 'DIGEST')
      .replace(/\b[0-9a-f]{12}\b/g, 'ID')
      .replace(/\bDONE \d+\.\d+s/g, 'DONE')
      .replace(/(?:Less than a second|About a minute|\d+ \w+) ago/g, 'AGO')
      .replace(/ {2,}/g, '  ');
  return { code, stdout: neutral(stdout), stderr: neutral(stderr) };
}

test('the built command prints the same as the sources, without a store', () => {
  for (const line of ['--version', '--help', 'run --help', 'build', 'nonsense', 'swarm x', '-x']) {
    const args = line.split(' ');
    assert.deepEqual(built(...args), fromSources(...args), line);
  }
  assert.equal(built('--version').stdout, `strata version ${version}\n`);
});

test('manual pages and completion scripts are in the package', () => {
  const { man } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { readonly man: string[] };
  for (const file of man) assert.match(readFileSync(join(packageFolder, file), 'latin1'), /^\.TH "STRATA/);
  for (const [shell, file] of [
    ['bash', 'strata'],
    ['zsh', '_strata'],
    ['fish', 'strata.fish'],
  ] as const) {
    const text = readFileSync(join(packageFolder, 'dist/completions', file), 'utf8');
    assert.equal(text, built('completion', shell).stdout);
  }
});

test('the built command prints the same as the sources with hello-world', { skip: needs('root', 'runc') }, () => {
  for (const line of [
    'build -t hello-world examples/hello-world',
    'run --rm hello-world',
    'images',
    'history hello-world',
    'run --rm absent',
  ]) {
    const args = line.split(' ');
    const answer = withoutTimes(built(...args));
    assert.deepEqual(answer, withoutTimes(fromSources(...args)), line);
    assert.equal(answer.code, line.endsWith('absent') ? 125 : 0, answer.stderr);
  }
});

/** Type-checks a program against the package; returns all files that the compiler read for it. */
function checkTypes(file: string): string[] {
  const flags =
    '--ignoreConfig --noEmit --strict --module nodenext --target esnext --types node --skipLibCheck false --allowImportingTsExtensions';
  const compiler = join(repository, 'node_modules/.bin/tsc');
  const args = [...flags.split(' '), '--listFiles', file];
  const { status, stdout } = spawnSync(compiler, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 24 });
  assert.equal(status, 0, stdout);
  return stdout.split('\n');
}

test('npm pack builds first, so that no package is without its files', () => {
  const checkout = join(folder, 'checkout');
  const program = 'dist/cli/strata.cjs';
  mkdirSync(join(checkout, 'tools'), { recursive: true });
  for (const name of ['package.json', '.npmrc']) copyFileSync(join(repository, name), join(checkout, name));
  writeFileSync(
    join(checkout, 'tools/build.ts'),
    `import { mkdirSync, writeFileSync } from 'node:fs';
    mkdirSync('dist/cli', { recursive: true });
    writeFileSync(${JSON.stringify(program)}, '');`,
  );
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--silent'], {
    cwd: checkout,
    encoding: 'utf8',
    // npm settings of the person who runs the tests must not count.
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      npm_config_userconfig: '/dev/null',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.ok(packed.includes(program), packed);
});

test('every subpath of the package type-checks and loads', () => {
  const names = Object.keys(exports).filter((subpath) => subpath !== './package.json');
  const file = join(folder, 'subpaths.ts');
  writeFileSync(
    file,
    [
      ...names.map((subpath, at) => `import * as part${at} from '${join('strata-oci', subpath)}';`),
      `import { describeVersions } from 'strata-oci';`,
      `const parts: readonly object[] = [${names.map((_, at) => `part${at}`).join(', ')}];`,
      `console.log(parts.filter((part) => Object.keys(part).length > 0).length, (await describeVersions()).strata);`,
    ].join('\n'),
  );
  const declarations = checkTypes(file).filter((read) => read.startsWith(packageFolder));
  assert.ok(declarations.length > 100, `${declarations.length} declaration files`);
  const ofNode = declarations.flatMap((read) =>
    [...readFileSync(read, 'utf8').matchAll(/^import (?:type )?\{([^}]*)\} from 'node:/gm)].flatMap(([, list = '']) =>
      list.split(',').map((name) => name.replace('type', '').trim()),
    ),
  );
  // Node's types rename rarely used names: `TransferListItem` is no longer in those of 26. Add only names that every
  // version has.
  assert.deepEqual([...new Set(ofNode)].toSorted(), ['SQLInputValue', 'StatementSync', 'Worker', 'WorkerOptions']);
  assert.equal(execFileSync(process.execPath, [file], { encoding: 'utf8' }), `${names.length} ${version}\n`);
});

test('require() loads the same module as import', () => {
  const file = join(folder, 'required.cjs');
  writeFileSync(
    file,
    `const required = require('strata-oci');
    import('strata-oci').then(({ Engine }) => console.log(typeof Engine, Engine === required.Engine));`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  assert.deepEqual([stdout, stderr], ['function true\n', '']);
});

test('an older Node gets an error that names the required version', () => {
  const guarded = Object.entries(exports).flatMap(([subpath, target]) =>
    JSON.stringify(target).includes('entry.js') ? [join('strata-oci', subpath)] : [],
  );
  assert.ok(guarded.includes('strata-oci') && guarded.includes('strata-oci/builder'));
  const pretend =
    "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";
  const refusal = /^Error: strata-oci needs Node 24 or later, this is \d+\.\d+\.\d+$/m;
  for (const name of guarded) {
    const load = ['--input-type=module', '-e', `import * as all from '${name}'; console.log(all);`];
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', pretend, ...load], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout], [1, ''], name);
    assert.match(stderr, refusal, name);
    // An older Node of the machine must get as far as this error.
    const old = spawnSync('/usr/bin/node', load, { cwd: folder, encoding: 'utf8' });
    if (old.status === 1) assert.match(old.stderr, refusal, name);
  }
});

test('every link in the documents of the package leads into the package', () => {
  const shipped = new Set(globSync('**', { cwd: packageFolder }));
  assert.ok(shipped.has('docs/errors.md'));
  const documents = [...shipped].filter((path) => path.endsWith('.md'));
  for (const document of documents) {
    const text = readFileSync(join(packageFolder, document), 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(?:https?:|#)/.test(link)) continue;
      const path = join(dirname(document), link.replace(/#.*$/, ''));
      assert.ok(shipped.has(path), `${document} links to ${link}`);
    }
  }
});

test('the driver of docs/storage-drivers.md works as one of another package', { skip: needs('root', 'runc') }, () => {
  const project = join(folder, 'driver');
  mkdirSync(project);
  const page = readFileSync(join(packageFolder, 'docs/storage-drivers.md'), 'utf8');
  for (const [, code = '', name = ''] of page.matchAll(/```ts\n(\/\/ (\S+\.ts)\n[\s\S]*?)```/g)) {
    writeFileSync(join(project, name), code);
  }
  writeFileSync(
    join(project, 'build.ts'),
    `import { writeFileSync } from 'node:fs';
    import { Engine } from 'strata-oci';
    import { allDrivers } from 'strata-oci/snapshots';
    import { copies } from './copies.ts';
    const storageDrivers = { drivers: [...allDrivers.drivers, copies], later: [] };
    await using engine = await Engine.open({ root: process.argv[2]!, storageDriver: 'copies', storageDrivers });
    const { id } = await engine.builder.build({ context: process.argv[3]! }).result;
    const { exitCode } = await engine.containers.run({ image: id, remove: true }).result;
    const { damages } = await engine.system.check().result;
    console.log(exitCode, damages, (await engine.images.inspect(id)).storage.driver);`,
  );
  for (const name of ['copies.test.ts', 'build.ts']) checkTypes(join(project, name));
  // With this variable the suite would report to the runner of this test.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const suite = spawnSync(process.execPath, ['--test', '--test-reporter=tap', 'copies.test.ts'], {
    cwd: project,
    encoding: 'utf8',
    env,
  });
  assert.equal(suite.status, 0, suite.stdout);
  assert.ok(Number(/^# pass (\d+)$/m.exec(suite.stdout)?.[1]) > 120, suite.stdout);
  const args = [join(project, 'build.ts'), roots.driver, join(repository, 'examples/hello-world')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^0 \[\] copies$/m);
});

test('a driver without directories type-checks against the package', () => {
  const project = join(folder, 'ext4-driver');
  cpSync(join(repository, 'test/helpers/ext4-driver'), project, { recursive: true });
  for (const file of globSync('*.ts', { cwd: project })) {
    const source = readFileSync(join(project, file), 'utf8');
    writeFileSync(join(project, file), source.replaceAll(/'(?:\.\.\/){3}src\/(\w+)\/index\.ts'/g, "'strata-oci/$1'"));
  }
  checkTypes(join(project, 'index.ts'));
});

test('the example type-checks and runs against the package', { skip: needs('root', 'runc') }, () => {
  const file = join(folder, 'library.ts');
  copyFileSync(join(repository, 'examples/library/library.ts'), file);
  checkTypes(file);
  const args = [file, roots.example, join(repository, 'examples/hello-world')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  for (const line of [
    /^\[1\/1\] COPY hello \/hello: done$/m,
    /^built sha256:[0-9a-f]{64}$/m,
    /^exit code 0$/m,
    /^committed sha256:[0-9a-f]{64}$/m,
    /^cancelled: AbortError$/m,
    /^loaded the same image$/m,
    /^not-found: No such image: absent:latest \(List the images/m,
    /^0 images left$/m,
  ]) {
    assert.match(stdout, line);
  }
});

/** Returns the programs of a page by their file names, without comments. */
const programsOf = (file: string): Map<string, string> =>
  new Map(
    [...readFileSync(join(repository, file), 'utf8').matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(
      ([, name = '', code = '']) => [name, code],
    ),
  );

/** Type-checks and runs a page's programs in order, in a user's project; returns the output of each. */
function runPrograms(programs: ReadonlyMap<string, string>): { readonly stdout: string; readonly stderr: string }[] {
  return [...programs].map(([name, code]) => {
    const file = join(folder, name);
    writeFileSync(file, code);
    checkTypes(file);
    const { status, stdout, stderr } = spawnSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, `${name}: ${stderr}`);
    return { stdout, stderr };
  });
}

test('the programs of the README type-check and run in the project of a user', { skip: needs('root', 'runc') }, () => {
  const programs = programsOf('README.md');
  assert.deepEqual([...programs.keys()], ['hello.mts', 'look-inside.mts', 'events.mts']);
  assert.deepEqual(programsOf('README.zh-CN.md'), programs);
  const [hello, look, events] = runPrograms(programs);
  assert.match(hello?.stdout ?? '', /COPY hello \/hello done\nexit code 0\n$/);
  assert.match(hello?.stderr ?? '', /^List the images to see which there are/);
  assert.match(look?.stdout ?? '', /^\/ 0 \S+\n\/hello \d+ \S+\n$/);
  assert.match(events?.stdout ?? '', /^\S+Z image \w+ .*\n(?:.*\n)*\S+Z container die .*\n/);
});

test('the programs of docs/library.md type-check and run, one after the other', { skip: needs('root', 'runc') }, () => {
  rmSync(roots.readme, { recursive: true, force: true });
  const programs = programsOf('docs/library.md');
  assert.deepEqual(programsOf('docs/zh-CN/library.md'), programs);
  const printed = runPrograms(programs).map(({ stdout }) => stdout);
  const expected = [
    /COPY hello \/hello done\nbuilt sha256:[0-9a-f]{64}\n$/,
    /exit code 0\n$/,
    /^\/hello has \d+ bytes\n.*etc\/passwd.*\n$/,
    /^sha256:\S+ \S+\nfile hello \d+\n$/,
    /^stored sha256:[0-9a-f]{64}\n$/,
    /^2 layers become 1\n$/,
    /^added etc\nadded etc\/issue\nadded etc\/motd\n$/,
    /^images.tar has \d+ bytes\n$/,
    /loaded \d images?\n/,
  ];
  assert.equal(printed.length, expected.length);
  for (const [at, pattern] of expected.entries()) assert.match(printed[at] ?? '', pattern);
});
