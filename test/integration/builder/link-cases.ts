import { dir, file, hardlink, symlink, tar } from '../../helpers/tar-builder.ts';
import type { CopyCase } from './copy-cases.ts';

/** Behaviour of BuildKit's `--link`: a layer made as if nothing were below it, then laid over the layers below. */
export const linkCases: readonly CopyCase[] = [
  {
    name: '--link creates the directories on the way anew, whatever they were',
    context: { f: 'x', 'base/a/': { mode: 0o700 }, 'base/a/b/': { mode: 0o1777 }, 'base/a/old': 'o' },
    steps: ['COPY --link f /a/b/c'],
    expected: ['d755 0:0 /a', 'd755 0:0 /a/b', '-644 0:0 /a/b/c "x"', '-644 0:0 /a/old "o"'],
  },
  {
    name: '--link gives the directories on the way the owner it gives the file',
    context: { f: 'x', 'base/a/': '' },
    steps: ['COPY --link --chown=7:8 f /a/b/', 'COPY --link --chown=root:9 f /c/'],
    expected: ['d755 7:8 /a', 'd755 7:8 /a/b', '-644 7:8 /a/b/f "x"', 'd755 0:9 /c', '-644 0:9 /c/f "x"'],
  },
  {
    name: '--link follows no symlink of the layers below: the directory takes its place',
    context: { f: 'x', 'base/real/old': 'o', 'base/to': { link: 'real' }, 'base/abs': { link: '/real' } },
    steps: ['COPY --link f /to/deep/', 'COPY --link f /abs/'],
    expected: [
      'd755 0:0 /abs',
      '-644 0:0 /abs/f "x"',
      'd755 0:0 /real',
      '-644 0:0 /real/old "o"',
      'd755 0:0 /to',
      'd755 0:0 /to/deep',
      '-644 0:0 /to/deep/f "x"',
    ],
  },
  {
    name: '--link takes the place of a symlink at the destination',
    context: { f: 'x', 'base/real': 'r', 'base/to': { link: 'real' } },
    steps: ['COPY --link f /to'],
    expected: ['-644 0:0 /real "r"', '-644 0:0 /to "x"'],
  },
  {
    name: '--link replaces unknown directories by a file, and files by directories',
    context: { f: 'x', 'base/dir/old': 'o', 'base/file': 'y' },
    steps: ['COPY --link f /dir', 'COPY --link f /file/deep/'],
    expected: ['-644 0:0 /dir "x"', 'd755 0:0 /file', 'd755 0:0 /file/deep', '-644 0:0 /file/deep/f "x"'],
  },
  {
    name: '--link merges folders; copied ones bring their mode, files replace existing ones',
    context: {
      'd/s/': { mode: 0o711 },
      'd/s/new': 'n',
      'd/s/both': 'n',
      'base/s/': { mode: 0o770 },
      'base/s/old': 'o',
      'base/s/both': { mode: 0o600, content: 'older' },
    },
    steps: ['COPY --link d /'],
    expected: ['d711 0:0 /s', '-644 0:0 /s/both "n"', '-644 0:0 /s/new "n"', '-644 0:0 /s/old "o"'],
  },
  {
    name: '--link is ignored beside --chmod',
    context: { f: 'x', 'base/real/': { mode: 0o700 }, 'base/to': { link: 'real' } },
    steps: ['COPY --link --chmod=600 f /to/g'],
    expected: ['d700 0:0 /real', '-600 0:0 /real/g "x"', 'l 0:0 /to -> real'],
  },
  {
    name: '--link cannot look up names',
    context: { f: 'x', 'base/etc/passwd': 'me:x:5:6::/:/bin/sh\n' },
    steps: ['COPY --link --chown=me f /'],
    expected: { code: 'ERR_DOCKERFILE_VALUE', error: /--link --chown=me: names cannot be looked up/ },
  },
  {
    name: '--link on nothing, one on the other, twice the same, in a working folder, and a step on them',
    context: { f: 'x', g: 'y' },
    steps: ['COPY --link f /a', 'COPY --link f /a', 'WORKDIR /w', 'COPY --link g ./', 'COPY g /a2'],
    expected: ['-644 0:0 /a "x"', '-644 0:0 /a2 "y"', 'd755 0:0 /w', '-644 0:0 /w/g "y"'],
  },
  {
    name: 'ADD --link unpacks archives as on nothing',
    context: {
      'x.tar': tar(dir('d', { mode: 0o750, uid: 3 }), file('d/f', 'x'), hardlink('d/g', 'd/f'), symlink('l', '/d')),
      'base/to': { link: '/elsewhere' },
      'base/elsewhere/d/old': 'o',
    },
    steps: ['ADD --link x.tar /to'],
    expected: [
      'd755 0:0 /elsewhere',
      'd755 0:0 /elsewhere/d',
      '-644 0:0 /elsewhere/d/old "o"',
      'd755 0:0 /to',
      'd750 3:0 /to/d',
      '-644 0:0 /to/d/f "x"',
      '-644 0:0 /to/d/g "x"',
      'l 0:0 /to/l -> /d',
    ],
  },
  {
    name: '--link with --parents and --exclude',
    context: { 'a/b/f': 'x', 'a/b/g': 'y', 'base/to/a/': { mode: 0o700 } },
    steps: ['COPY --link --parents --exclude=**/g a/b /to/'],
    expected: ['d755 0:0 /to', 'd755 0:0 /to/a', 'd755 0:0 /to/a/b', '-644 0:0 /to/a/b/f "x"'],
  },
];
