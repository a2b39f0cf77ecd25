import { StrataError } from '../errors/index.ts';

const sizeForm = /^(\d+\.?\d*|\.\d+) ?(?:b|([kmgtp])(?:i?b)?)?$/i;

/**
 * Parses `512m`, `1.5GiB` or `100 kb` into bytes, and cuts off fractions of a byte. `base` is 1024 for memory (in any
 * spelling of the unit), 1000 for disks. Throws ERR_SIZE_INVALID.
 */
export function parseSize(text: string, base: 1000 | 1024): number {
  const found = text.length > 64 ? null : sizeForm.exec(text);
  const power = 'kmgtp'.indexOf((found?.[2] ?? '').toLowerCase() || '-') + 1;
  const bytes = Math.floor(Number(found?.[1]) * base ** power);
  if (found !== null && bytes < 2 ** 63) return bytes;
  throw new StrataError({
    code: 'ERR_SIZE_INVALID',
    message: `invalid size: '${text.slice(0, 100)}'`,
    hint: 'Write a size as a number and one of b, k, m, g or t, for example 512m.',
  });
}
