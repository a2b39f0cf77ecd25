import { build } from '../../builder/build.ts';
import type { BuildEvent, BuildRequest, BuildResult } from '../../builder/build-types.ts';
import type { Conduct } from '../../lib/report.ts';
import type { Store } from '../../store/store.ts';

/** Builds an image, with containers of this machine for RUN. Throws as `builder.build` says. */
export async function runBuild(
  store: Store,
  request: BuildRequest,
  conduct: Conduct<BuildEvent>,
): Promise<BuildResult> {
  return await build(store, request, conduct, async (lease) => {
    const { ContainerRunner } = await import('./container-runner.ts');
    return new ContainerRunner(store, lease);
  });
}
