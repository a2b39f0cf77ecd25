import type { LaterFlag } from './flags.ts';

const oneBuilder = 'Leave it out: there is only one builder.';
const ownCache = 'Leave it out: the build cache is part of the store.';
const noAttestations = 'Leave it out: images carry no attestations.';
const noLimits = 'Leave it out: a RUN has no limits of its own yet.';
const noSecrets =
  'Fetch what needs the secret before the build, and COPY it: a build takes no secrets and no SSH agent yet.';
const noRegistries = "Export the image with 'strata save': registries are not supported yet.";

export const oneBuilderFlag: LaterFlag = ['--builder <b>', oneBuilder];

/** Flags of docker's builders, BuildKit and the classic one, that Strata lacks. */
export const laterBuildFlags: readonly LaterFlag[] = [
  ['--add-host <h>', 'Leave it out: a build cannot add hosts yet.'],
  ['--allow <a>', 'Leave it out: RUN --network=host needs --network host only.'],
  ['--annotation <a>', 'Use --label.'],
  ['--attest <a>', noAttestations],
  ['--build-context <c>', "Put its files into the context, or import them as an image for FROM ('strata import')."],
  oneBuilderFlag,
  ['--cache-from <c>', ownCache],
  ['--cache-to <c>', ownCache],
  ['--call <m>', 'Leave it out: warnings are printed during the build.'],
  ['--cgroup-parent <c>', noLimits],
  ['--check', 'Leave it out: warnings are printed during the build.'],
  ['--compress', 'Leave it out: the context is read in place, not sent.'],
  ['--cpu-period <n>', noLimits],
  ['--cpu-quota <n>', noLimits],
  ['-c, --cpu-shares <n>', noLimits],
  ['--cpuset-cpus <c>', noLimits],
  ['--cpuset-mems <c>', noLimits],
  ['--disable-content-trust', 'Leave it out: there are no registries to trust.'],
  ['--isolation <i>', 'Leave it out: it is for Windows.'],
  ['--load', 'Leave it out: the built image is in the store.'],
  ['-m, --memory <m>', noLimits],
  ['--memory-swap <m>', noLimits],
  ['--metadata-file <m>', "Use --iidfile, and 'strata image inspect'."],
  ['--no-cache-filter <s>', 'Use --no-cache.'],
  ['-o, --output <o>', "Copy files out with 'strata cp IMAGE:PATH PATH', or export the image with 'strata save'."],
  ['--platform <p>', 'Leave it out: images are built for the platform of this machine.'],
  ['--provenance <p>', noAttestations],
  ['--push', noRegistries],
  ['--sbom <s>', noAttestations],
  ['--secret <s>', noSecrets],
  [
    '--security-opt <s>',
    "Leave it out: a RUN always has the default profile. Run the step with 'strata run' and commit it.",
  ],
  ['--shm-size <s>', noLimits],
  ['--squash', 'Join the steps into one RUN with &&.'],
  ['--ssh <s>', noSecrets],
  ['--ulimit <u>', noLimits],
];
