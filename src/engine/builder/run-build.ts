import { build } from '../../builder/build.ts';
import type { BuildEvent } from '../../builder/build-parts.ts';
import type { BuildRequest } from '../../builder/build-types.ts';
import type { RecordedImage } from '../../images/record-image.ts';
import type { WorkControl } from '../../lib/work-control.ts';
import type { Store } from '../../store/store.ts';

/** Builds an image and runs RUN in containers of this machine. Throws as `builder.build` says. */
export async function runBuild(
  store: Store,
  request: BuildRequest,
  control: WorkControl<BuildEvent>,
): Promise<RecordedImage> {
  return await build(store, request, control, async (lease) => {
    const { ContainerRunner } = await import('./container-runner.ts');
    return new ContainerRunner(store, lease);
  });
}
