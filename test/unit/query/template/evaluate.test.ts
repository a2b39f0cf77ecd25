import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../../src/errors/index.ts';
import { evaluateTemplate } from '../../../../src/query/template/evaluate.ts';
import { templateFunctions } from '../../../../src/query/template/functions.ts';
import { parseTemplate } from '../../../../src/query/template/parse.ts';
import { Struct, structured, type Value } from '../../../../src/query/template/values.ts';
import { fc } from '../../../helpers/properties.ts';
import { patienceMs } from '../../../helpers/until.ts';

const functions = new Set(templateFunctions.keys());
const run = (text: string, data: Value = {}, name?: string): string =>
  evaluateTemplate(parseTemplate(text, { functions, ...(name === undefined ? {} : { name }) }), data);

describe('beyond what Go 1.19 had', () => {
  const table: readonly (readonly [string, string])[] = [
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range $i := 2}}{{$i}}{{end}}', '01'],
    ['{{range 0}}x{{else}}none{{end}}', 'none'],
    ['{{with 0}}a{{else with 5}}{{.}}{{end}}', '5'],
    ['{{with 0}}a{{else with ""}}b{{else}}c{{end}}', 'c'],
  ];
  for (const [text, output] of table) test(text, () => assert.equal(run(text), output));
  test('two variables over a number', () => {
    assert.throws(() => run('{{range $i, $e := 3}}{{end}}'), /can't use 3 to iterate over more than one variable$/);
  });
});

test('a name stands in messages and is defined', () => {
  assert.throws(() => run('{{.A.B}}', { A: 's', B: 1 }, 'fmt'), {
    message: `template: fmt:1:4: executing "fmt" at <.A.B>: can't evaluate field B in type interface {}`,
  });
  assert.throws(() => run('{{', {}, 'fmt'), {
    code: 'ERR_TEMPLATE_SYNTAX',
    message: 'template: fmt:1: unclosed action',
  });
});

test('data is looked at no further than it reaches', () => {
  const own: Value = { a: '1' };
  assert.equal(run('{{.constructor}} {{.__proto__}} {{.toString}}', own), '<no value> <no value> <no value>');
  assert.equal(run('{{index . "constructor"}}', own), '');
  assert.throws(() => run('{{.toString}}', new Struct({})), /can't evaluate field toString in type struct/);
  assert.throws(() => run('{{.length}}', ['a']), /can't evaluate field length in type \[\]string/);
});

test('fields may be getters, asked only when used', () => {
  let asked = 0;
  const row = new Struct({
    get Size(): number {
      return ++asked;
    },
    Name: 'x',
  });
  assert.equal(run('{{.Name}}', row), 'x');
  assert.equal(asked, 0);
  assert.equal(run('{{.Size}}', row), '1');
});

test('numbers beyond 2^53', () => {
  assert.equal(
    run('{{.N}} {{printf "%x" .N}} {{eq .N 9223372036854775807}}', { N: 2n ** 63n - 1n }),
    '9223372036854775807 7fffffffffffffff true',
  );
});

test('structs and maps out of plain data', () => {
  const data = structured({ A: { B: 1 }, Labels: { x: { C: 2 } }, L: [{ D: 3 }] }, new Set(['Labels']));
  assert.equal(run('{{.A}}{{.Labels}}{{.L}}', data), '{1}map[x:{2}][{3}]');
});

describe('hostile templates end', () => {
  const limit = (text: string, data?: Value): void =>
    assert.throws(
      () => run(text, data),
      (error) => isStrataError(error, 'ERR_TEMPLATE_LIMIT') || isStrataError(error, 'ERR_TEMPLATE_FAILED'),
    );
  const many = Array.from({ length: 10_000 }, (_, at) => at);

  test('loops in loops', () => {
    limit('{{range .}}{{range $}}{{range $}}x{{end}}{{end}}{{end}}', many);
    limit('{{range 9007199254740991}}{{end}}');
    limit('{{range 1000000000}}{{range 1000000000}}{{end}}{{end}}');
  });

  test('text that doubles', () => {
    limit(`{{$x := "aaaaaaaaaaaaaaaa"}}${'{{$x = print $x $x}}'.repeat(60)}{{$x}}`);
    limit(`{{$x := "aaaaaaaaaaaaaaaa"}}{{range 60}}{{$x = printf "%s%s" $x $x}}{{end}}`);
    limit(`{{$x := "a"}}{{range 60}}{{$x = urlquery $x $x}}{{end}}`);
  });

  test('widths, padding, repeated arguments', () => {
    limit('{{range 1000}}{{printf "%1000000d" 1}}{{end}}');
    limit(`{{printf "${'%1000000[1]d'.repeat(100)}" 1}}`);
    limit('{{pad "a" 1000000000 1000000000}}');
    const start = performance.now();
    limit(
      '{{printf "%.1000000f" .}}',
      Array.from({ length: 1000 }, () => 1.5),
    );
    assert.ok(performance.now() - start < patienceMs, 'a width counts for every item');
    limit(`{{print ${'. '.repeat(20_000)}}}`, many);
    limit('{{range 100000}}{{len $}}{{$.}}{{end}}'.replace('{{$.}}', '{{print $}}'), many);
    assert.ok(run('{{printf "%.1000000f" 0.1}}').length > 1_000_000);
  });

  test('templates that call themselves', () => {
    limit('{{define "x"}}{{template "x"}}{{end}}{{template "x"}}');
    limit('{{define "x"}}{{template "x" .}}{{template "x" .}}{{end}}{{template "x" 1}}');
    limit(
      `${Array.from({ length: 40 }, (_, at) => `{{define "t${at}"}}${`{{template "t${at + 1}"}}`.repeat(10)}{{end}}`).join('')}{{define "t40"}}{{end}}{{template "t0"}}`,
    );
  });

  test('nesting and length of the text itself', () => {
    const deep = (open: string, close: string, times: number): string => open.repeat(times) + close.repeat(times);
    for (const [open, close] of [
      ['(', ')'],
      ['{{if 1}}', '{{end}}'],
      ['{{if 1}}{{else}}', '{{end}}'],
      ['{{with 1}}{{range 1}}', '{{end}}{{end}}'],
    ]) {
      const inner = open === '(' ? `{{${deep('(', ')', 20_000)}}}` : deep(open!, close!, 10_000);
      assert.throws(
        () => run(inner),
        (error) => isStrataError(error, 'ERR_TEMPLATE_SYNTAX'),
      );
    }
    assert.throws(() => run('x'.repeat((1 << 20) + 1)), { code: 'ERR_TEMPLATE_LIMIT' });
  });

  test('long tokens in linear time', () => {
    const long = 200_000;
    const start = performance.now();
    for (const text of [
      `{{"${'a'.repeat(long)}"}}`,
      `{{${' '.repeat(long)}1}}`,
      `{{.${'a'.repeat(long)}}}`,
      `{{${'-'.repeat(long)}}}`,
      `{{${'1'.repeat(long)}}}`,
      `{{"${'\\n'.repeat(long / 2)}"}}`,
      '{'.repeat(long),
      `${' '.repeat(long)}{{- 1}}`,
      '{{1}}'.repeat(long / 5),
      `{{1${'.A'.repeat(long / 2)}}}`,
      `{{.A${'.A'.repeat(long / 2 - 10)}}}`,
    ]) {
      try {
        run(text);
      } catch (error) {
        assert.ok(isStrataError(error), String(error));
      }
    }
    assert.ok(performance.now() - start < patienceMs);
  });
});

test('any text gives output or a typed error', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '{{- ',
    ' -}}',
    '.A',
    '.',
    '$',
    '$x',
    ':=',
    '=',
    '|',
    '(',
    ')',
    '"a"',
    '`b`',
    "'c'",
    '1',
    '-2.5',
    'if ',
    'else',
    'end',
    'range ',
    'with ',
    'define "t"',
    'template "t"',
    'block "b" ',
    'break',
    'print ',
    'printf "%*d"',
    'index ',
    'eq ',
    'json ',
    ' ',
    '\n',
    '/*',
    '*/',
    'é',
    ',',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      try {
        run(`{{${pieces.join('')}}}`, { A: ['x', { B: null }] });
      } catch (error) {
        assert.ok(isStrataError(error), `${pieces.join('')}: ${String(error)}`);
      }
    }),
    { numRuns: 4_000 },
  );
});
