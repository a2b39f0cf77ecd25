import type { BuildEvent } from '../../builder/build-parts.ts';
import type { BuildRequest } from '../../builder/build-types.ts';
import type { CachedStep } from '../../builder/cache/cache-entries.ts';
import type { PruneBuildCacheRequest, PrunedBuildCache } from '../../builder/cache/prune-build-cache.ts';
import type { RecordedImage } from '../../images/record-image.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Calls } from '../calls.ts';
import type { Operation } from '../operation.ts';

/**
 * Builds images from Dockerfiles, and manages the build cache.
 *
 * ```ts
 * await using build = engine.builder.build({ context: '.', tags: ['example/app:1'] });
 * for await (const event of build) if (event.type === 'step') console.log(event.vertex.name, event.step.state);
 * const { id } = await build.result;
 * ```
 */
export class BuilderVerbs {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * Builds an image from a Dockerfile and a context: a folder, or the bytes of an archive. Steps whose inputs have not
   * changed come from the build cache. The image is on the disk and has its tags when `result` resolves. An abort stops the
   * running steps; finished steps stay in the cache.
   *
   * @throws ERR_CONTEXT_*, ERR_DOCKERFILE_*, ERR_COPY_*, ERR_IMAGE_NOT_FOUND, ERR_REFERENCE_INVALID, ERR_TAG_REFUSED,
   * ERR_OPTION_INVALID, ERR_RUN_FAILED for a command that exits with another code than 0, ERR_NETWORK_REFUSED,
   * ERR_NOT_SUPPORTED_YET.
   */
  build(request: BuildRequest): Operation<BuildEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../builder/run-build.ts'),
      request,
      ({ runBuild }, store, control) => runBuild(store, request, control),
    );
  }

  /** Lists the cached results of build steps with their sizes on disk, the least recently used first. */
  list(options: AbortOptions = {}): Promise<CachedStep[]> {
    return this.#calls.call(
      () => import('../../builder/cache/prune-build-cache.ts'),
      options,
      ({ listBuildCache }, store, own) => listBuildCache(store, own),
    );
  }

  /**
   * Removes cached results of build steps: those that no image uses, or every one with `all`. Images stay as they are; their
   * steps may have to run again. Results that a running build uses stay.
   *
   * @throws ERR_FILTER_INVALID, ERR_TIME_INVALID.
   */
  prune(request: PruneBuildCacheRequest = {}): Promise<PrunedBuildCache> {
    return this.#calls.call(
      () => import('../../builder/cache/prune-build-cache.ts'),
      request,
      ({ pruneBuildCache }, store, own) => pruneBuildCache(store, own),
    );
  }
}
