import type { BuildEvent } from '../../builder/build-parts.ts';
import type { BuildRequest } from '../../builder/build-types.ts';
import type { CachedStep } from '../../builder/cache/cache-usage.ts';
import type { PruneBuildCacheRequest, PrunedBuildCache } from '../../builder/cache/prune-cache.ts';
import type { RecordedImage } from '../../images/record-image.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Calls } from '../calls.ts';
import type { Operation } from '../operation.ts';

/**
 * Builds, and the cache of their steps.
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
   * Builds an image from a folder with a Dockerfile. The result is durable when it resolves. Throws ERR_CONTEXT_*,
   * ERR_DOCKERFILE_*, ERR_COPY_*, ERR_IMAGE_NOT_FOUND, ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, ERR_OPTION_INVALID,
   * ERR_RUN_FAILED for a command that fails, ERR_NETWORK_REFUSED, ERR_NOT_SUPPORTED_YET.
   */
  build(request: BuildRequest): Operation<BuildEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../builder/run-build.ts'),
      request,
      ({ runBuild }, store, control) => runBuild(store, request, control),
    );
  }

  /** Lists the results of build steps that later builds may take, and what each takes of the disk. */
  list(options: AbortOptions = {}): Promise<CachedStep[]> {
    return this.#calls.call(
      () => import('../../builder/cache/prune-cache.ts'),
      options,
      ({ buildCacheSteps }, store, own) => buildCacheSteps(store, own),
    );
  }

  /** Forgets results of build steps: those no image stands on, or with `all` every one. Images stay as they are. */
  prune(request: PruneBuildCacheRequest = {}): Promise<PrunedBuildCache> {
    return this.#calls.call(
      () => import('../../builder/cache/prune-cache.ts'),
      request,
      ({ pruneBuildCache }, store, own) => pruneBuildCache(store, own),
    );
  }
}
