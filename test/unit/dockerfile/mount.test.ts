import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RunMount, resolveMount } from '../../../src/dockerfile/instructions/mount.ts';
import { splitCsv } from '../../../src/dockerfile/instructions/split-csv.ts';
import { expandWord } from '../../../src/dockerfile/shell-words.ts';
import { isStrataError } from '../../../src/errors/index.ts';

const at = { start: 4, end: 5 };
const variables = new Map([
  ['T', '/t'],
  ['TYPE', 'cache'],
]);
const expand = (word: string): string => expandWord(word, variables).text;
const resolve = (text: string): RunMount => resolveMount({ text, from: '' }, expand, at);

const bind: RunMount = {
  type: 'bind',
  from: '',
  source: '',
  target: '',
  readOnly: true,
  sizeLimit: 0,
  id: '',
  sharing: undefined,
  required: false,
  env: undefined,
  mode: undefined,
  uid: undefined,
  gid: undefined,
};
const cache: RunMount = { ...bind, type: 'cache', readOnly: false };
const tmpfs: RunMount = { ...bind, type: 'tmpfs', readOnly: false };
const secret: RunMount = { ...bind, type: 'secret' };

describe('a mount of RUN', () => {
  const cases: readonly (readonly [text: string, expected: RunMount])[] = [
    ['target=/a', { ...bind, target: '/a' }],
    ['type=bind,from=b,source=/c,target=/d', { ...bind, from: 'b', source: '/c', target: '/d' }],
    ['TYPE=Bind,Src=a,DST=b', { ...bind, source: 'a', target: 'b' }],
    ['destination=a,rw', { ...bind, target: 'a', readOnly: false }],
    ['target=a,rw=false', { ...bind, target: 'a' }],
    ['target=a,readwrite=1', { ...bind, target: 'a', readOnly: false }],
    ['target=a,ro=0', { ...bind, target: 'a', readOnly: false }],
    ['target=a,rw,readonly', { ...bind, target: 'a' }],
    ['target=$T', { ...bind, target: '/t' }],
    ['target=${T}/x', { ...bind, target: '/t/x' }],
    ["target='$T'", { ...bind, target: '$T' }],
    ['type=$TYPE,target=/a', { ...cache, target: '/a' }],
    ['"target=/a,b"', { ...bind, target: '/a,b' }],
    ['target=a=b', { ...bind, target: 'a=b' }],
    ['target=a,target=b', { ...bind, target: 'b' }],
    ['type=cache,target=/a', { ...cache, target: '/a' }],
    ['type=cache,target=/a,ro', { ...cache, target: '/a', readOnly: true }],
    ['type=cache,id=x,target=/a,sharing=LOCKED', { ...cache, id: 'x', target: '/a', sharing: 'locked' }],
    ['type=cache,mode=0755,uid=1000,gid=0', { ...cache, mode: 0o755, uid: 1000, gid: 0 }],
    ['type=cache,from=a,source=b,sharing=private', { ...cache, from: 'a', source: 'b', sharing: 'private' }],
    ['type=tmpfs,target=/a,size=64m', { ...tmpfs, target: '/a', sizeLimit: 64 << 20 }],
    ['type=tmpfs,size=1.5KiB', { ...tmpfs, sizeLimit: 1536 }],
    ['type=tmpfs,size=10', { ...tmpfs, sizeLimit: 10 }],
    ['type=tmpfs,size=2 GB', { ...tmpfs, sizeLimit: 2 * 2 ** 30 }],
    ['type=secret,id=a', { ...secret, id: 'a' }],
    ['type=secret,id=a,env=A,required', { ...secret, id: 'a', env: 'A', required: true }],
    ['type=secret,id=a,env=', { ...secret, id: 'a', env: '' }],
    ['type=secret,target=/a,mode=400,required=false', { ...secret, target: '/a', mode: 0o400 }],
    ['type=ssh', { ...bind, type: 'ssh' }],
    ['type=ssh,id=a,required=T,uid=4294967295', { ...bind, type: 'ssh', id: 'a', required: true, uid: 4294967295 }],
  ];

  it(`is read completely (${cases.length})`, () => {
    for (const [text, expected] of cases) assert.deepEqual(resolve(text), expected, text);
  });

  const refused: readonly (readonly [text: string, message: string])[] = [
    ['type=volume', 'unsupported mount type "volume"'],
    ['type=cach', 'unsupported mount type "cach" (did you mean cache?)'],
    ['', 'failed to parse csv mounts: EOF'],
    ['a"b', 'failed to parse csv mounts: parse error on line 1, column 2: bare " in non-quoted-field'],
    ['"a', 'failed to parse csv mounts: parse error on line 1, column 2: extraneous or missing " in quoted-field'],
    ['target', "invalid field 'target' must be a key=value pair"],
    ['env', "invalid field 'env' must be a key=value pair"],
    ['target=a,,', "invalid field '' must be a key=value pair"],
    ['tagret=a', "unexpected key 'tagret' in 'tagret=a' (did you mean target?)"],
    ['volume=a', "unexpected key 'volume' in 'volume=a'"],
    ['ro=x', 'invalid value for ro: x'],
    ['rw=', 'invalid value for rw: '],
    ['required', "unexpected key 'required' for mount type 'bind'"],
    ['type=cache,required=true', "unexpected key 'required' for mount type 'cache'"],
    ['type=ssh,required=x', 'invalid value for required: x'],
    ['size=1', "unexpected key 'size' for mount type 'bind'"],
    ['size=1,type=tmpfs', "unexpected key 'size' for mount type 'bind'"],
    ['type=tmpfs,size=1x', 'invalid value for size: 1x'],
    ['type=tmpfs,size=-1', 'invalid value for size: -1'],
    ['type=tmpfs,size=9999999p', 'invalid value for size: 9999999p'],
    ['type=cache,sharing=none', 'unsupported sharing value "none"'],
    ['sharing=shared', 'invalid cache sharing set for bind mount'],
    ['type=cache,mode=9', 'invalid value 9 for mode'],
    ['type=cache,mode=u+x', 'invalid value u+x for mode'],
    ['type=cache,uid=-1', 'invalid value -1 for uid'],
    ['type=cache,gid=4294967296', 'invalid value 4294967296 for gid'],
    ['mode=0755', 'mode not allowed for "bind" type mounts'],
    ['type=tmpfs,uid=1', 'uid not allowed for "tmpfs" type mounts'],
    ['gid=1', 'gid not allowed for "bind" type mounts'],
    ['type=secret', 'invalid secret mount. one of source, target required'],
    ['type=secret,id=a,from=b', 'secret mount should not have a from'],
    ['type=secret,id=a,sharing=locked', 'secret mount should not define sharing'],
    ['type=secret,id=a,source=b', "both source and id can't be set"],
  ];

  it(`is refused in docker's words (${refused.length})`, () => {
    for (const [text, message] of refused) {
      assert.throws(
        () => resolve(text),
        (error) => {
          assert.ok(isStrataError(error, 'ERR_DOCKERFILE_VALUE'), text);
          assert.equal(error.message, message);
          assert.deepEqual(error.details, { line: 4, endLine: 5 });
          return true;
        },
        text,
      );
    }
  });
});

describe('comma-separated fields', () => {
  const cases: readonly (readonly [line: string, fields: readonly string[] | string])[] = [
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    [',', ['', '']],
    ['"a"', ['a']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a""b"', ['a"b']],
    ['""', ['']],
    ['"",', ['', '']],
    [' a , b', [' a ', ' b']],
    ['"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'],
    ['a,"b', 'parse error on line 1, column 4: extraneous or missing " in quoted-field'],
    ['a,b"', 'parse error on line 1, column 4: bare " in non-quoted-field'],
    ['', 'EOF'],
  ];
  it(`are split as RFC 4180 says (${cases.length})`, () => {
    for (const [line, fields] of cases) {
      assert.deepEqual(splitCsv(line), typeof fields === 'string' ? { problem: fields } : fields, line);
    }
  });
});
