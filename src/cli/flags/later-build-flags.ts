import type { LaterFlag } from './flags.ts';

const oneBuilder = 'Leave it out: there is only one builder.';
const ownCache = 'Leave it out: the build cache is part of the store.';
const noAttestations = 'Leave it out: images carry no attestations.';
const noRegistries = "Export the image with 'strata save': registries are not supported yet.";

export const oneBuilderFlag: LaterFlag = ['--builder <b>', oneBuilder];

/** Flags of docker's builders, BuildKit and the classic one, that Strata lacks. */
export const laterBuildFlags: readonly LaterFlag[] = [
  '--add-host <h>',
  ['--allow <a>', 'Leave it out: RUN --network=host needs --network host only.'],
  ['--annotation <a>', 'Use --label.'],
  ['--attest <a>', noAttestations],
  ['--build-context <c>', "Put its files into the context, or import them as an image for FROM ('strata import')."],
  oneBuilderFlag,
  ['--cache-from <c>', ownCache],
  ['--cache-to <c>', ownCache],
  ['--call <m>', 'Leave it out: warnings are printed during the build.'],
  '--cgroup-parent <c>',
  ['--check', 'Leave it out: warnings are printed during the build.'],
  ['--compress', 'Leave it out: the context is read in place, not sent.'],
  '--cpu-period <n>',
  '--cpu-quota <n>',
  '-c, --cpu-shares <n>',
  '--cpuset-cpus <c>',
  '--cpuset-mems <c>',
  ['--disable-content-trust', 'Leave it out: there are no registries to trust.'],
  '--isolation <i>',
  ['--load', 'Leave it out: the built image is in the store.'],
  '-m, --memory <m>',
  '--memory-swap <m>',
  ['--metadata-file <m>', "Use --iidfile, and 'strata image inspect'."],
  ['--no-cache-filter <s>', 'Use --no-cache.'],
  ['-o, --output <o>', "Copy files out with 'strata cp IMAGE:PATH PATH', or export the image with 'strata save'."],
  ['--platform <p>', 'Leave it out: images are built for the platform of this machine.'],
  ['--provenance <p>', noAttestations],
  ['--push', noRegistries],
  ['--sbom <s>', noAttestations],
  '--secret <s>',
  '--security-opt <s>',
  '--shm-size <s>',
  ['--squash', 'Join the steps into one RUN with &&.'],
  '--ssh <s>',
  '--ulimit <u>',
];
