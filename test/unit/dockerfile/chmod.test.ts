import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseChmod } from '../../../src/dockerfile/chmod.ts';

/** Results of GNU's chmod(1), unless noted; `d` marks a folder. */
const cases: readonly (readonly [change: string, before: string, after: string])[] = [
  ['0755', '600', '755'],
  ['755', '7777', '755'],
  ['7777', '0', '7777'],
  ['0', '777', '0'],
  ['00000000644', '0', '644'],
  ['u+x', '644', '744'],
  ['u+x,g+w', '644', '764'],
  ['+x', '644', '755'],
  ['a+x', '644', '755'],
  ['ugo+w', '444', '666'],
  ['-w', '666', '444'],
  ['go-rwx', '777', '700'],
  ['o=', '777', '770'],
  ['=', '7777', '1000'],
  ['=r', '777', '444'],
  ['u=rw', '777', '677'],
  ['u=rwx,go=rx', '0', '755'],
  ['u+r-w', '266', '466'],
  ['u+rwx-x', '0', '600'],
  ['g=u', '740', '770'],
  ['go=u', '700', '777'],
  ['o=g-x', '750', '754'],
  ['u+g', '470', '770'],
  ['o-u', '707', '700'],
  ['=u', '421', '444'],
  ['a+X', '644', '644'],
  ['a+X', '744', '755'],
  ['a+X', 'd644', '755'],
  ['u=rwX,go=rX', '600', '644'],
  ['u=rwX,go=rX', '700', '755'],
  ['u=rwX,go=rX', 'd600', '755'],
  ['a-X', '777', '666'],
  // The file's own execute bit counts, not the result of an earlier clause; GNU differs.
  ['a-x,a+X', '755', '755'],
  ['u+s', '755', '4755'],
  ['g+s', '755', '2755'],
  ['+s', '755', '6755'],
  ['o+s', '755', '755'],
  ['u-s', '4755', '755'],
  ['+t', '755', '1755'],
  ['o+t', '755', '755'],
  ['-t', '1755', '755'],
  ['u=rwxs', '0', '4700'],
  ['u=rwx', '4000', '700'],
  ['g=', '2770', '700'],
];

describe('--chmod', () => {
  it(`changes modes (${cases.length})`, () => {
    for (const [change, before, after] of cases) {
      const folder = before.startsWith('d');
      const mode = Number.parseInt(folder ? before.slice(1) : before, 8);
      assert.equal(parseChmod(change)(mode, folder).toString(8), after, `${change} ${before}`);
    }
  });

  it('leaves the type of a file out of what it gives', () => {
    assert.equal(parseChmod('u+x')(0o100644, false), 0o744);
  });

  const octal = '. it should be octal string and between 0 and 07777';
  const refused: readonly (readonly [text: string, why: string])[] = [
    ['', ': invalid syntax'],
    ['x', ': invalid syntax'],
    ['u', ': invalid syntax'],
    ['u+q', ': invalid syntax'],
    ['u+x,', ': invalid syntax'],
    [',u+x', ': invalid syntax'],
    ['u+x g+x', ': invalid syntax'],
    ['+-x,y', ': invalid syntax'],
    ['-0755', ': invalid syntax'],
    ['8', octal],
    ['0o755', octal],
    ['10000', octal],
    ['755 ', octal],
    ['777777777777', octal],
  ];
  it(`is refused when malformed (${refused.length})`, () => {
    for (const [text, why] of refused) {
      assert.throws(
        () => parseChmod(text, { start: 9, end: 9 }),
        {
          code: 'ERR_DOCKERFILE_VALUE',
          message: `invalid chmod parameter: '${text}'${why}`,
          details: { line: 9, endLine: 9 },
        },
        text,
      );
    }
    assert.throws(() => parseChmod('u+x,'.repeat(100_000)), { code: 'ERR_DOCKERFILE_VALUE' });
  });
});
