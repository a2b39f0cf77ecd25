import { StrataError } from '../errors/index.ts';

const sizeForm = /^(\d+\.?\d*|\.\d+) ?(?:b|([kmgtp])(?:i?b)?)?$/i;

/**
 * Bytes from `512m`, `1.5GiB`, `100 kb`, fractions of a byte cut off. `base` 1024 is for memory (whatever the unit's
 * spelling), 1000 for disks. Throws ERR_SIZE_INVALID.
 */
export function parseSize(text: string, base: 1000 | 1024): number {
  const found = text.length > 64 ? null : sizeForm.exec(text);
  const power = 'kmgtp'.indexOf((found?.[2] ?? '').toLowerCase() || '-') + 1;
  const bytes = Math.floor(Number(found?.[1]) * base ** power);
  if (found !== null && bytes < 2 ** 63) return bytes;
  throw new StrataError({
    code: 'ERR_SIZE_INVALID',
    message: `invalid size: '${text.slice(0, 100)}'`,
    hint: 'A size is a number with b, k, m, g or t behind it, for example 512m.',
  });
}
