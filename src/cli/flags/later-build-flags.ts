import type { LaterFlag } from './flags.ts';

const oneBuilder = 'Leave it out: there is one builder.';
const ownCache = 'Leave it out: the cache is that of the store.';
const noAttestations = 'Leave it out: images carry no attestations.';
const noRegistries = "Registries are not supported yet: take the image out with 'strata save'.";

export const oneBuilderFlag: LaterFlag = ['--builder <b>', oneBuilder];

/** Flags of docker's builders, BuildKit's and the one before it, that Strata's does not have yet. */
export const laterBuildFlags: readonly LaterFlag[] = [
  '--add-host <h>',
  ['--allow <a>', 'Leave it out: --network host is what lets a step ask for RUN --network=host.'],
  ['--annotation <a>', 'Use --label.'],
  ['--attest <a>', noAttestations],
  ['--build-context <c>', 'Put its files into the context, or make an image of them with import and build FROM that.'],
  oneBuilderFlag,
  ['--cache-from <c>', ownCache],
  ['--cache-to <c>', ownCache],
  ['--call <m>', 'Leave it out: warnings come with the build.'],
  '--cgroup-parent <c>',
  ['--check', 'Leave it out: warnings come with the build.'],
  ['--compress', 'Leave it out: the context is read where it lies.'],
  '--cpu-period <n>',
  '--cpu-quota <n>',
  '-c, --cpu-shares <n>',
  '--cpuset-cpus <c>',
  '--cpuset-mems <c>',
  ['--disable-content-trust', 'Leave it out: there are no registries to trust.'],
  '--isolation <i>',
  ['--load', 'Leave it out: what is built is in the store.'],
  '-m, --memory <m>',
  '--memory-swap <m>',
  ['--metadata-file <m>', "Use --iidfile, and 'strata image inspect'."],
  ['--no-cache-filter <s>', 'Use --no-cache.'],
  ['-o, --output <o>', "Take files out with 'strata create' and 'strata cp', or the whole image with 'strata save'."],
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
