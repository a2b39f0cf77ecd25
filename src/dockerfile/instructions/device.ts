import { excerpt } from '../quote.ts';
import type { SyntaxNode } from '../syntax-tree.ts';
import { didYouMean } from './did-you-mean.ts';
import { parseBoolean } from './numbers.ts';
import { instructionError } from './origin.ts';
import { splitCsv } from './split-csv.ts';

/** A device that a RUN requests by its CDI name: `--device=vendor.com/class=name,required`. */
export interface Device {
  readonly name: string;
  readonly required: boolean;
}

const form = 'Write RUN --device=NAME, or RUN --device=name=NAME,required.';

/** Reads a RUN's `--device` flag. @throws ERR_DOCKERFILE_SYNTAX */
export function readDevice(node: SyntaxNode, text: string): Device {
  const fields = splitCsv(text);
  if ('problem' in fields) throw instructionError(node, `failed to parse csv devices: ${fields.problem}`, form);
  let name = '';
  let required = false;
  for (const field of fields) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === 'required') {
      const flag = parseBoolean(value ?? 'true');
      if (flag === undefined) throw instructionError(node, `invalid value for required: ${excerpt(value ?? '')}`, form);
      required = flag;
    } else if (key === 'name' && value !== undefined) {
      if (name !== '') throw instructionError(node, `device name already set to ${excerpt(name)}`, form);
      name = value;
    } else if (name === '') {
      // A CDI name contains `=` itself, so the first field of any other form is the name.
      name = field;
    } else if (value === undefined) {
      throw instructionError(node, `invalid field '${excerpt(field)}' must be a key=value pair`, form);
    } else {
      const meant = didYouMean(key, ['name', 'required']);
      throw instructionError(node, `unexpected key '${excerpt(key)}' in '${excerpt(field)}'${meant}`, form);
    }
  }
  return { name, required };
}
