import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../../src/errors/index.ts';
import { evaluateTemplate } from '../../../../src/query/template/evaluate.ts';
import { templateFunctions } from '../../../../src/query/template/functions.ts';
import { parseTemplate } from '../../../../src/query/template/parse.ts';
import { Float, Nil, Struct, type Value } from '../../../../src/query/template/values.ts';

interface Case {
  readonly template: string;
  readonly data: 'root' | 'map' | 'nil';
  readonly strict?: boolean;
  readonly output?: string;
  readonly error?: string;
}

const state = (Status: string, Running: boolean, Pid: number, Ratio: number): Struct =>
  new Struct({ Status, Running, Pid, Ratio: new Float(Ratio) }, 'main.State');

const map = { s: 'text', n: 7, f: 2.5, nil: null, list: [1, 'two', null, true], map: { k: 'v' } };

const data: { readonly [name in Case['data']]: Value } = {
  nil: null,
  map,
  root: new Struct(
    {
      ID: '0123456789abcdef',
      Name: 'web_1',
      Empty: '',
      Unicode: 'héllo ☺ 日本',
      Size: 1234567,
      Zero: 0,
      Neg: -42,
      Ratio: 1.5,
      Whole: new Float(3),
      Yes: true,
      No: false,
      Labels: { b: '2', a: '1', 'com.example': 'x y', esc: `<&>"'` },
      Env: ['PATH=/bin', 'HOME=/root'],
      Nums: [3, 1, 2],
      Any: map,
      Mixed: [1, 'two', null, 2.5, ['x'], { k: 1 }],
      State: state('running', true, 4711, 0.25),
      Rows: [state('up', true, 1, 0), state('down', false, 0, 1e-7)],
      Ptr: new Nil('pointer', '*main.State'),
      NilSlice: new Nil('slice'),
      NilMap: new Nil('map'),
      Nil: null,
    },
    'main.Root',
  ),
};

/** Results that differ from Go 1.19, with which the table was recorded. */
const deviations: Readonly<Record<string, readonly [ours: string, reason: string]>> = {
  '{{.Ptr.Missing}}': [
    'template: :1:6: executing "" at <.Ptr.Missing>: nil pointer evaluating *main.State.Missing',
    'a typed nil does not know the fields its struct would have',
  ],
  '{{.Name)}}': ['template: :1: unexpected right paren', 'as Go 1.20 and later say it'],
  '{{printf "%#v" .Mixed}}': [
    '[]interface {}{1, "two", interface {}(nil), 2.5, []string{"x"}, map[string]interface {}{"k":1}}',
    'a list of texts counts as []string whatever it was declared as',
  ],
  '{{printf "%x" 1.5}}': ['%!x(float64=1.5)', 'floats in hexadecimal are left out'],
  '{{1+2i}}': ['template: :1: illegal number syntax: "1+2i"', 'complex numbers are left out'],
  '{{1i}}': ['template: :1: illegal number syntax: "1i"', 'complex numbers are left out'],
};

const answer = ({ template, data: name, strict }: Case): string => {
  try {
    const parsed = parseTemplate(template, { functions: new Set(templateFunctions.keys()) });
    return evaluateTemplate(parsed, data[name], { missingKey: strict === true ? 'error' : 'default' });
  } catch (error) {
    assert.ok(isStrataError(error), String(error));
    assert.ok(error.code === 'ERR_TEMPLATE_SYNTAX' || error.code === 'ERR_TEMPLATE_FAILED', error.code);
    return error.message;
  }
};

test('templates answer as Go’s text/template does', () => {
  const golden = join(import.meta.dirname, '../../../golden/query/templates.json');
  const cases = JSON.parse(readFileSync(golden, 'utf8')) as readonly Case[];
  const different = cases.filter((row) => {
    const wanted = deviations[row.template]?.[0] ?? row.output ?? row.error;
    return answer(row) !== wanted;
  });
  assert.deepEqual(
    different.map((row) => [row.template, answer(row), row.output ?? row.error]),
    [],
  );
  assert.ok(cases.length >= 560, `${cases.length} cases`);
  const used = cases.filter((row) => deviations[row.template] !== undefined);
  assert.equal(used.length, Object.keys(deviations).length);
});
