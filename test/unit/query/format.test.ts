import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatInspected, parseInspectFormat } from '../../../src/query/format.ts';
import { parseListingFormat } from '../../../src/query/parse-listing-format.ts';
import { Nil, Row, Struct } from '../../../src/query/template/values.ts';

const headers = { ID: 'CONTAINER ID', Names: 'NAMES', Size: 'SIZE' };
const row = (ID: string, Names: string, Size: number): Struct => new Struct({ ID, Names, Size }, '*formatter.Row');
const rows = [row('4c01db0b339c', 'web', 5), row('d7886598dbe2', 'a-longer-name', 10)];
const columns = ['ID', 'Names', 'Size'];
const render = async (format: string, of: readonly Struct[] = rows): Promise<string> =>
  (await parseListingFormat(format, columns)).render(headers, of);

describe('listings', () => {
  const table: readonly (readonly [format: string, output: string])[] = [
    ['', 'CONTAINER ID   NAMES           SIZE\n4c01db0b339c   web             5\nd7886598dbe2   a-longer-name   10\n'],
    [
      'table',
      'CONTAINER ID   NAMES           SIZE\n4c01db0b339c   web             5\nd7886598dbe2   a-longer-name   10\n',
    ],
    [
      'table {{.Names}}\\t{{.ID}}',
      'NAMES           CONTAINER ID\nweb             4c01db0b339c\na-longer-name   d7886598dbe2\n',
    ],
    [
      'table {{upper .Names}}\t{{json .ID}}',
      'NAMES           CONTAINER ID\nWEB             "4c01db0b339c"\nA-LONGER-NAME   "d7886598dbe2"\n',
    ],
    ['table {{pad .Names 1 2}}|', ' NAMES  |\n web  |\n a-longer-name  |\n'],
    ['table {{truncate .ID 4}} {{join (split .Names "-") "/"}}', 'CONTAINER ID NAMES\n4c01 web\nd788 a/longer/name\n'],
    ['table {{len .ID}}', '12\n12\n12\n'],
    ['table {{.Names}}\\t{{if gt .Size 7}}big{{end}}', '\nweb             \na-longer-name   big\n'],
    ['  {{.Names}} ', 'web\na-longer-name\n'],
    ['{{.Names}}\\n{{.Size}}', 'web\n5\na-longer-name\n10\n'],
    ['json', '{"ID":"4c01db0b339c","Names":"web","Size":5}\n{"ID":"d7886598dbe2","Names":"a-longer-name","Size":10}\n'],
    ['{{json .Names}}', '"web"\n"a-longer-name"\n'],
    ['plain', 'plain\nplain\n'],
  ];
  for (const [format, output] of table)
    test(JSON.stringify(format), async () => assert.equal(await render(format), output));

  test('a method with an argument, and its heading', async () => {
    const label = (labels: { readonly [key: string]: string }): Struct =>
      new Struct({ ID: 'x' }, '*formatter.Row', {
        Label: { parameters: ['string'], run: ([key]) => labels[String(key as string)] ?? '' },
      });
    const of = [label({ 'com.example.my-key': 'v' }), label({})];
    assert.equal(
      await render('table {{.ID}}\t{{.Label "com.example.my-key"}}', of),
      'CONTAINER ID   my key\nx              v\nx              \n',
    );
    assert.equal(await render('{{json .}}{{"com.example.my-key" | .Label | upper}}', of), '{"ID":"x"}V\n{"ID":"x"}\n');
    await assert.rejects(render('{{.Label}}', of), {
      message:
        'template parsing error: template: :1:2: executing "" at <.Label>: wrong number of args for Label: want 1 got 0',
    });
  });

  test('a row’s own JSON escapes what HTML would take, single values do not', async () => {
    const row = [new Row({ ID: '<none>', Names: 'a&b' })];
    assert.equal(await render('json', row), '{"ID":"\\u003cnone\\u003e","Names":"a\\u0026b"}\n');
    assert.equal(await render('{{json .ID}} {{.ID}}', row), '"<none>" <none>\n');
  });

  test('own columns are what a template of their names shows', async () => {
    const of = [...rows, row('a\tb', '日本\ne\u0301', 1e15), row('', '<none>', 0), row('\u{1f433}', ' ', -1)];
    assert.equal(await render('', of), await render('table {{.ID}}\\t{{.Names}}\\t{{.Size}}', of));
  });

  test('no rows: the heading alone, or nothing', async () => {
    assert.equal(await render('', []), 'CONTAINER ID   NAMES     SIZE\n');
    assert.equal(await render('{{.ID}}', []), '');
  });
});

describe('docker’s messages', () => {
  const table: readonly (readonly [format: string, message: string])[] = [
    [
      '{{.Foo}}',
      `template parsing error: template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.Row`,
    ],
    ['{{.Names', 'template parsing error: template: :1: unclosed action'],
    ['{{foo}}', 'template parsing error: template: :1: function "foo" not defined'],
    [
      '{{.Names.Foo}}',
      `template parsing error: template: :1:8: executing "" at <.Names.Foo>: can't evaluate field Foo in type string`,
    ],
    [
      '{{join .Names ","}}',
      'template parsing error: template: :1:7: executing "" at <.Names>: wrong type for value; expected []string; got string',
    ],
  ];
  for (const [format, message] of table) {
    test(format, () =>
      assert.rejects(render(format), { code: 'ERR_FORMAT_INVALID', message, hint: /the format json/ }),
    );
  }
});

describe('inspect', () => {
  const data = {
    Id: 'sha256:abc',
    State: { Status: 'running', Pid: 7, Error: '' },
    Config: { Env: ['A=1'], Labels: { b: '2', a: '1' }, Cmd: null },
    Mounts: [{ Type: 'bind', Source: '/x' }],
    Networks: { bridge: { IPAddress: '10.0.0.2' } },
  };
  const maps = new Set(['Labels', 'Networks']);
  const table: readonly (readonly [format: string, output: string])[] = [
    ['{{.Id}}', 'sha256:abc'],
    ['{{.State}}', '{running 7 }'],
    ['{{.State.Status}}', 'running'],
    ['{{json .State}}', '{"Status":"running","Pid":7,"Error":""}'],
    ['{{.Config.Labels}}', 'map[a:1 b:2]'],
    ['{{json .Config.Labels}}', '{"a":"1","b":"2"}'],
    ['{{index .Config.Labels "nope"}}', ''],
    ['{{.Config.Labels.nope}}', '<no value>'],
    ['{{range $k, $v := .Networks}}{{$k}} {{$v.IPAddress}}{{end}}', 'bridge 10.0.0.2'],
    ['{{range .Mounts}}{{.Source}}{{end}}', '/x'],
    ['{{(index .Mounts 0).Type}}', 'bind'],
  ];
  for (const [format, output] of table) {
    test(format, () => assert.equal(formatInspected(parseInspectFormat(format), data, maps), output));
  }

  test('json', () => {
    assert.equal(
      formatInspected(parseInspectFormat('json'), data, maps),
      JSON.stringify({ ...data, Config: { ...data.Config, Labels: { a: '1', b: '2' } } }),
    );
  });

  test('fields that JSON omits when empty exist for templates', () => {
    const image = { Ports: new Nil('map'), Signal: '', Shell: ['sh'] };
    const shown = (format: string): string =>
      formatInspected(parseInspectFormat(format), image, maps, new Set(['Ports', 'Signal', 'Shell']));
    assert.equal(shown('json'), '{"Shell":["sh"]}');
    assert.equal(shown('{{json .}} {{json .Ports}} {{.Ports}} <{{.Signal}}>'), '{"Shell":["sh"]} null map[] <>');
  });

  test('a field nothing has: the plain JSON’s message', () => {
    assert.throws(() => formatInspected(parseInspectFormat('{{.Foo}}'), data, maps), {
      message: 'template parsing error: template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"',
    });
    assert.throws(() => formatInspected(parseInspectFormat('{{.State.Foo}}'), data, maps), {
      message: 'template parsing error: template: :1:8: executing "" at <.State.Foo>: map has no entry for key "Foo"',
    });
  });
});
