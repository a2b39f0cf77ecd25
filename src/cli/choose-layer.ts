import type { Image } from '../engine/index.ts';
import { StrataError } from '../errors/index.ts';

const leastDigits = 4;

/**
 * Finds the layer that `--layer` names, by its number (1 is the base) or by the beginning of its digest or diffID.
 * Returns its index from 0. Throws ERR_LAYER_UNKNOWN.
 */
export async function chooseLayer(image: Image, text: string, signal: AbortSignal): Promise<number> {
  const layers = await image.layers({ signal });
  const number = Number(text);
  if (/^[1-9]\d*$/.test(text) && number <= layers.length) return number - 1;
  const digits = text.replace(/^sha256:/, '');
  const found = layers.flatMap(({ diffId, descriptor }, at) =>
    [diffId, descriptor.digest].some((digest) => digest.slice('sha256:'.length).startsWith(digits)) ? [at] : [],
  );
  const [only, ...others] = /^[0-9a-f]+$/.test(digits) && digits.length >= leastDigits ? found : [];
  if (only !== undefined && others.length === 0) return only;
  throw new StrataError({
    code: 'ERR_LAYER_UNKNOWN',
    message:
      others.length > 0
        ? `layer ${text}: the image has several of that digest`
        : `layer ${text.slice(0, 80)}: the image has no such layer`,
    hint: hintOfLayers(layers.length),
  });
}

function hintOfLayers(count: number): string {
  if (count === 0) return 'Leave out --layer: the image has no layers.';
  if (count === 1) return 'The image has one layer: give 1, or the beginning of its digest.';
  return `Give a number from 1 (the base) to ${count}, or at least ${leastDigits} digits of a digest.`;
}
