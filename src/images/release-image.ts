import { StrataError } from '../errors/index.ts';
import type { ContainerRecord, Containers } from '../metadata/containers.ts';
import type { ImageLayer } from '../metadata/images.ts';
import { familiarString, formatReference, parseReference } from '../reference/index.ts';
import type { Digest } from '../spec/digest.ts';
import type { Platform } from '../spec/platform.ts';
import { findImage, type ImageNames } from './find-image.ts';
import { addImageEvent } from './image-event.ts';

export interface RemovalStore extends ImageNames {
  readonly containers: Containers;
}

export interface ReleaseOptions {
  /** Removes all names of an image given by its ID, and images that only stopped containers use. */
  readonly force: boolean;
  readonly platform: Platform;
  readonly isRunning: (container: ContainerRecord) => boolean;
}

/** Names and images that were released. Garbage collection removes those that nothing else holds. */
export interface ReleasedImages {
  /** Names in the familiar form. */
  readonly untagged: readonly string[];
  /** Images that lost their last name, with their layers. */
  readonly images: readonly { readonly id: Digest; readonly layers: readonly ImageLayer[] }[];
}

/**
 * Removes the name `text`, or all names of the image with this ID, as `docker rmi` does. Runs in the transaction that
 * collects garbage. Throws ERR_IMAGE_IN_USE (conflict) in docker's words, ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS,
 * ERR_REFERENCE_INVALID.
 */
export function releaseImage(store: RemovalStore, text: string, options: ReleaseOptions): ReleasedImages {
  const { id, reference } = findImage(store, text, options.platform);
  const names = namesOf(store, id);
  const users = store.containers.ofImage(id);
  const running = users.find(options.isRunning);
  if (reference === undefined || reference.digest !== undefined) {
    checkUnused(id, { names, running, stopped: users[0] }, options.force);
    return releaseAll(store, id);
  }
  const [user] = users;
  if (!options.force && names.length <= 1 && user !== undefined) {
    throw inUse(
      `conflict: unable to remove repository reference ${JSON.stringify(text)} (must force) - ` +
        `container ${short(user.id)} is using its referenced image ${short(id)}`,
      id,
    );
  }
  const name = formatReference(reference);
  // When the image has other names, or a running container uses it, only the name is removed.
  if (names.some((other) => other !== name) || running !== undefined) {
    store.tags.remove(name);
    addImageEvent(store, id, 'untag', familiar(name));
    return { untagged: [familiar(name)], images: [] };
  }
  return releaseAll(store, id);
}

/** Removes every name of an image, and no longer keeps its targets. */
export function releaseAll(store: RemovalStore, id: Digest): ReleasedImages {
  const names = namesOf(store, id);
  const targets = store.targets.targetsOf(id);
  for (const name of names) {
    store.tags.remove(name);
    addImageEvent(store, id, 'untag', familiar(name));
  }
  for (const target of targets) store.targets.setKept(target, false);
  // An index leads to the images of several platforms, which lose their name together.
  const ids = new Set([
    id,
    ...targets.flatMap((target) => store.targets.imagesOf(target)).map(({ imageId }) => imageId),
  ]);
  return {
    untagged: names.map(familiar),
    images: [...ids].map((each) => ({ id: each, layers: store.images.layersOf(each) })),
  };
}

export interface Uses {
  readonly names: readonly string[];
  readonly running: ContainerRecord | undefined;
  readonly stopped: ContainerRecord | undefined;
}

/** Throws ERR_IMAGE_IN_USE for an image that must not be removed, or not without `isForced`. */
export function checkUnused(id: Digest, { names, running, stopped }: Uses, isForced: boolean): void {
  const conflict = (how: string, why: string): StrataError =>
    inUse(`conflict: unable to delete ${short(id)} (${how}) - ${why}`, id);
  if (running) throw conflict('cannot be forced', `image is being used by running container ${short(running.id)}`);
  if (isForced) return;
  if (names.length > 1) throw conflict('must be forced', 'image is referenced in multiple repositories');
  if (stopped) throw conflict('must be forced', `image is being used by stopped container ${short(stopped.id)}`);
}

function namesOf({ tags, targets }: ImageNames, id: Digest): string[] {
  return targets
    .targetsOf(id)
    .flatMap((target) => tags.ofTarget(target))
    .map(({ reference }) => reference);
}

const familiar = (reference: string): string => familiarString(parseReference(reference));

/** Returns the twelve hex digits that docker's messages show. */
const short = (id: string): string => id.slice(id.indexOf(':') + 1).slice(0, 12);

const inUse = (message: string, id: Digest): StrataError =>
  new StrataError({
    code: 'ERR_IMAGE_IN_USE',
    message,
    hint: 'Remove the container or the other names of the image first, or force the removal if the message allows it.',
    details: { image: id },
  });
