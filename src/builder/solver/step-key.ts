import { createHash } from 'node:crypto';

/** Returns the digest of an operation and its arguments. `operation` is its name, with a version of its meaning. */
export const definitionOf = (operation: string, fields: object): string =>
  sha256(`${operation}\n${JSON.stringify(fields)}`);

/** Returns the digest of an operation on inputs: H(operation, the identities of the inputs). */
export const stepKey = (operation: string, inputs: readonly { readonly identity: string }[]): string =>
  sha256(['step-key-v1', operation, ...inputs.map(({ identity }) => identity), ''].join('\n'));

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
