// Documents name files that exist, and their links lead somewhere.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'src/**/README.md', 'examples/**/*.md', 'bench/*.md'], { cwd: root });
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

test('every file that a README or a document names exists', () => {
  const missing = pages.flatMap((page) => {
    // The changelog names files that may have been removed since.
    if (page === 'CHANGELOG.md') return [];
    // A README of src also names folders beside it; other documents also name folders of a store, which are not
    // checked.
    const form = page.startsWith('src')
      ? /`([\w./-]+(?:\.ts|\/))`/g
      : /`([\w./-]+\.ts|(?:src|docs|test|tools|examples|bench|scripts)\/[\w./-]*)`/g;
    const places = ['.', 'src'];
    for (let folder = dirname(page); folder !== '.'; folder = dirname(folder)) places.push(folder);
    return (
      [...textOf(page).matchAll(form)]
        // A page may name `index.ts` files in general.
        .filter(([, name = '']) => name !== 'index.ts' && !places.some((place) => existsSync(join(root, place, name))))
        .map(([, name]) => `${page} names ${name}`)
    );
  });
  assert.deepEqual(missing, []);
});

test('every link of a README or a document leads to a file', () => {
  const links = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
  );
  assert.ok(links.length > 60, `${links.length} links`);
  const broken = links.filter(({ page, target }) => {
    if (/^(?:https?:|#)/.test(target)) return false;
    return !existsSync(join(root, dirname(page), target.replace(/#.*/, '')));
  });
  assert.deepEqual(
    broken.map(({ page, target }) => `${page} links to ${target}`),
    [],
  );
});

test('docs/README.md lists every page, in both languages', () => {
  const contents = textOf('docs/README.md');
  const listed = globSync('docs/*.md', { cwd: root }).filter((page) => !contents.includes(`](${page.slice(5)})`));
  assert.deepEqual(listed, ['docs/README.md']);
  const chinese = textOf('docs/zh-CN/README.md');
  const translated = globSync('docs/zh-CN/*.md', { cwd: root }).filter(
    (page) => !chinese.includes(`](${page.slice(11)})`),
  );
  assert.deepEqual(translated, ['docs/zh-CN/README.md']);
});

test('every index.ts opens with what the folder is for, and an example', () => {
  const faults = globSync('src/**/index.ts', { cwd: root }).filter((file) => {
    const [, header = ''] = /^(\/\*\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(textOf(file)) ?? [];
    return header.length < 120 || !header.includes('`');
  });
  assert.deepEqual(faults, []);
});
