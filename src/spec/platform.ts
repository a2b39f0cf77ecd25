import { StrataError } from '../errors/index.ts';

/** The system that an image runs on. Keys are the document's; values as found, not normalised. */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const knownOs = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const knownArchitectures = new Set(
  '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm'.split(
    ' ',
  ),
);

const architectureAliases: { readonly [name: string]: readonly [architecture: string, variant?: string] } = {
  i386: ['386', ''],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

function normalizeVariant(architecture: string, variant: string): string {
  if (architecture === 'amd64') return variant === 'v1' ? '' : variant;
  if (architecture === 'arm64') {
    if (/^v?8(?:\.0)?$/.test(variant)) return '';
    return /^v?9(?:\.0)?$/.test(variant) ? 'v9' : variant;
  }
  if (architecture === 'arm') return variant === '' ? 'v7' : variant.replace(/^([5-8])$/, 'v$1');
  return variant;
}

/**
 * Returns the canonical spelling of a platform, for comparison: lower case, uname's names turned into Go's (`x86_64` →
 * `amd64`, `aarch64` → `arm64`), default variants left out (`amd64/v1`, `arm64/v8`), `arm` meaning `arm/v7`.
 */
export function normalizePlatform(platform: Platform): Platform {
  const lower = platform.architecture.toLowerCase();
  const [architecture, forced] = (Object.hasOwn(architectureAliases, lower) && architectureAliases[lower]) || [lower];
  const variant = normalizeVariant(architecture, forced ?? (platform.variant ?? '').toLowerCase());
  const os = platform.os.toLowerCase();
  const { variant: _, ...rest } = platform;
  return { ...rest, architecture, os: os === 'macos' ? 'darwin' : os, ...(variant === '' ? {} : { variant }) };
}

function invalidPlatform(text: string, problem: string): StrataError {
  return new StrataError({
    code: 'ERR_PLATFORM_INVALID',
    message: `platform ${JSON.stringify(text.slice(0, 100))}: ${problem}`,
    hint: 'Write a platform as os/architecture or os/architecture/variant, for example linux/arm64/v8.',
  });
}

const part = /^[A-Za-z0-9_.-]+$/;
const osPart = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/;

/**
 * Reads `os/arch[/variant]`, `os(version)/arch`, or `os` or `arch` alone, completed from `host`. The result is
 * normalised, except that `arm64/v8` stays as written. Throws ERR_PLATFORM_INVALID.
 */
export function parsePlatform(text: string, host: Platform = { os: 'linux', architecture: 'amd64' }): Platform {
  const parts = text.split('/', 4);
  const [first = '', second, third] = parts;
  if (parts.length > 3) throw invalidPlatform(text, 'has more than three parts');
  const os = osPart.exec(first);
  if (os === null && !(parts.length === 1 && part.test(first)))
    throw invalidPlatform(text, 'has an invalid operating system');
  for (const name of parts.slice(1)) if (!part.test(name)) throw invalidPlatform(text, 'has an invalid part');
  const version = os?.[2];
  const named = { os: os?.[1] ?? first, ...(version === undefined || version === '' ? {} : { 'os.version': version }) };
  if (second !== undefined) {
    const requested = normalizePlatform({
      ...named,
      architecture: second,
      ...(third === undefined ? {} : { variant: third }),
    });
    if (third === undefined) return withoutDefaultArm(requested);
    return requested.architecture === 'arm64' && requested.variant === undefined
      ? { ...requested, variant: 'v8' }
      : requested;
  }
  const system = normalizePlatform({ ...named, architecture: host.architecture, ...variantOf(host) });
  if (knownOs.has(system.os)) return withoutDefaultArm(system);
  const machine = normalizePlatform({ os: host.os, architecture: first });
  if (!knownArchitectures.has(machine.architecture))
    throw invalidPlatform(text, 'is no known operating system or architecture');
  return withoutDefaultArm(machine);
}

const variantOf = ({ variant }: Platform): { variant?: string } => (variant === undefined ? {} : { variant });

function withoutDefaultArm(platform: Platform): Platform {
  if (platform.architecture !== 'arm' || platform.variant !== 'v7') return platform;
  const { variant: _, ...rest } = platform;
  return rest;
}

/** Returns `linux/arm64/v8`, as docker prints it: without `os.version`, `unknown` without an operating system. */
export function formatPlatform(platform: Platform): string {
  if (platform.os === '') return 'unknown';
  return [platform.os, platform.architecture, platform.variant ?? ''].filter((name) => name !== '').join('/');
}

const variantsDown = (from: number, to: number): string[] =>
  Array.from({ length: Math.max(0, from - to + 1) }, (_, at) => `v${from - at}`);

// Arm's architecture reference manual: v9.0 contains v8.5, v9.1 contains v8.6, and so on.
function arm64Variants(variant: string): string[] {
  const found = /^v([89])(?:\.(\d))?$/.exec(variant);
  if (found === null) return [variant];
  const [major, minor] = [Number(found[1]), Number(found[2] ?? 0)];
  const below = (name: string, from: number): string[] =>
    Array.from({ length: from + 1 }, (_, at) => (at === from ? name : `${name}.${from - at}`));
  if (major === 8) return below('v8', minor);
  return [...below('v9', minor), ...below('v8', minor + 5)];
}

/** Lists the platforms that a machine can run, best first, as `architecture/variant` in normalised spelling. */
function runnablePlatforms(machine: Platform): string[] {
  const { architecture, variant = '' } = normalizePlatform(machine);
  const named = (name: string, variants: readonly string[]): string[] =>
    variants.map((v) => `${name}/${normalizeVariant(name, v)}`);
  const level = Number(/^v(\d)$/.exec(variant)?.[1] ?? 0);
  switch (architecture) {
    case 'amd64':
      return [...named('amd64', level > 1 ? variantsDown(level, 1) : [variant]), '386/'];
    case 'arm':
      return named('arm', level > 5 ? variantsDown(level, 5) : [variant]);
    case 'arm64':
      return [...named('arm64', arm64Variants(variant === '' ? 'v8' : variant)), ...named('arm', variantsDown(8, 5))];
    default:
      return [`${architecture}/${variant}`];
  }
}

/**
 * Ranks an image for `candidate` on a machine of platform `wanted`: 0 is exact, higher is worse (amd64 also runs 386,
 * arm64 runs arm/v8 down to v5), undefined is not at all. On Windows the build of `os.version` must agree; every one of
 * the candidate's `os.features` must be among the machine's.
 */
export function platformRank(wanted: Platform, candidate: Platform): number | undefined {
  const [want, have] = [normalizePlatform(wanted), normalizePlatform(candidate)];
  if (want.os !== have.os) return undefined;
  const version = want['os.version'] ?? '';
  const build = (text: string): string => text.split('.').slice(0, 3).join('.');
  if (want.os === 'windows' && version !== '' && build(version) !== build(have['os.version'] ?? '')) return undefined;
  const features = want['os.features'] ?? [];
  if (have['os.features']?.some((feature) => !features.includes(feature)) === true) return undefined;
  const rank = runnablePlatforms(want).indexOf(`${have.architecture}/${have.variant ?? ''}`);
  return rank < 0 ? undefined : rank;
}

/** True when both are the same platform, in any spelling; `os.version` and features are not compared. */
export function samePlatform(a: Platform, b: Platform): boolean {
  const [x, y] = [normalizePlatform(a), normalizePlatform(b)];
  return x.os === y.os && x.architecture === y.architecture && (x.variant ?? '') === (y.variant ?? '');
}

/**
 * Returns the best of `candidates` for `wanted`, the first among equals; entries without a platform are never chosen.
 */
export function choosePlatform<Entry extends { readonly platform?: Platform }>(
  wanted: Platform,
  candidates: readonly Entry[],
): Entry | undefined {
  let best: { readonly rank: number; readonly entry: Entry } | undefined;
  for (const entry of candidates) {
    const rank = entry.platform && platformRank(wanted, entry.platform);
    if (rank !== undefined && (best === undefined || rank < best.rank)) best = { rank, entry };
  }
  return best?.entry;
}
