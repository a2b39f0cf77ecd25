import { runProgram } from '../../sys/run-program.ts';
import { findRuntime, type RuntimeSettings } from './find-runtime.ts';

/** A weakness of the installed runtime that the engine cannot fix from outside. */
export interface RuntimeWeakness {
  readonly id: string;
  readonly summary: string;
}

export interface RuntimeInfo {
  /** Its name in the configuration. */
  readonly name: string;
  readonly path: string;
  /** The version that the runtime prints, with the distribution's suffix. */
  readonly version: string;
  readonly weaknesses: readonly RuntimeWeakness[];
}

interface Fix extends RuntimeWeakness {
  /** First fixed release of each release line, oldest line first; every later line has the fix. */
  readonly fixed: readonly (readonly [number, number, number])[];
  /** Distribution builds that carry the fix under an older version. */
  readonly backported?: RegExp;
}

// From runc's release notes and Debian's changelog of runc.
const fixes: readonly Fix[] = [
  {
    id: 'CVE-2024-21626',
    summary: 'a working directory under /proc/self/fd reaches the host',
    fixed: [[1, 1, 12]],
    backported: /1\.1\.5\+ds1-1\+deb12u/,
  },
  {
    id: 'CVE-2024-45310',
    summary: 'a race with a shared directory makes empty files and directories on the host',
    fixed: [[1, 1, 14]],
  },
  {
    id: 'CVE-2025-31133',
    summary: 'masked paths can be turned into writable host files by racing /dev/null',
    fixed: [
      [1, 2, 8],
      [1, 3, 3],
    ],
  },
  {
    id: 'CVE-2025-52565',
    summary: 'the /dev/console bind mount can be redirected by a race',
    fixed: [
      [1, 2, 8],
      [1, 3, 3],
    ],
  },
  {
    id: 'CVE-2025-52881',
    summary: 'writes to /proc can be redirected by a race with shared mounts',
    fixed: [
      [1, 2, 8],
      [1, 3, 3],
    ],
  },
];

const longestMs = 10_000;

/**
 * Returns version and known weaknesses of a runtime, the default one without a name; runs one process. Throws as {@link
 * findRuntime}.
 */
export async function describeRuntime(
  settings: RuntimeSettings,
  name: string = settings.defaultRuntime,
): Promise<RuntimeInfo> {
  const { runtime: path } = findRuntime(settings, name);
  const { stdout } = await runProgram(path, ['--version'], { signal: AbortSignal.timeout(longestMs) });
  const text = stdout.toString('utf8');
  const [, program = '', release = 'unknown'] = /^(\S+) version (\S+)/m.exec(text) ?? [];
  const build = /^commit: (\S+)/m.exec(text)?.[1] ?? '';
  return {
    name,
    path,
    version: build.startsWith(release) ? build : release,
    // No weaknesses of other programs are listed here, which does not mean that they have none.
    weaknesses: program === 'runc' ? weaknessesOf(release, build) : [],
  };
}

/** Pure part of {@link describeRuntime}: returns the weaknesses of a release, or of a distribution's build of it. */
export function weaknessesOf(release: string, build: string): RuntimeWeakness[] {
  const version = release.split(/[.+~-]/).map(Number);
  return fixes
    .filter(({ fixed, backported }) => !backported?.test(build) && !hasFix(version, fixed))
    .map(({ id, summary }) => ({ id, summary }));
}

function hasFix(version: readonly number[], fixed: Fix['fixed']): boolean {
  const [major = 0, minor = 0, patch = 0] = version;
  const line = fixed.find(([a, b]) => a === major && b === minor);
  if (line) return patch >= line[2];
  const newest = fixed.at(-1);
  return newest !== undefined && (major > newest[0] || (major === newest[0] && minor > newest[1]));
}
