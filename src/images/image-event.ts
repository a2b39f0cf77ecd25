import type { Digest } from '../spec/digest.ts';
import type { ImageNames } from './find-image.ts';

/** Records an event of an image, in the transaction of the change; attributes as docker's. */
export function addImageEvent({ events, images }: ImageNames, id: Digest, action: string, name: string): void {
  events.add({ type: 'image', action, actor: id, attributes: { ...images.get(id)?.labels, name } });
}
