// The import rule of docs/architecture.md: imports go down only, and never sideways except where listed.
import { importedFile, readImports } from './imports.ts';

const floors: readonly (readonly string[])[] = [
  ['errors', 'lib'],
  ['spec', 'reference', 'dockerfile', 'query', 'terminal'],
  ['archive', 'sys', 'oci-runtime', 'configuration'],
  ['content', 'layer', 'ledger'],
  ['registry', 'snapshots', 'metadata'],
  ['store'],
  ['images'],
  ['builder', 'containers', 'registry-server', 'analysis'],
  ['engine'],
  ['cli', 'api', 'explorer', 'testing'],
];

// Same-floor imports that are part of the plan; everything else sideways is refused.
const sideways = new Set(['lib>errors', 'reference>spec', 'layer>content', 'layer>ledger', 'content>ledger']);

// What a face may import from above the pure floors: the facade, and the parts of it that need no open store and are
// loaded alone, because to load the rest would take longer than what they do.
const facade = [
  'engine/index.ts',
  'engine/docker/image-document.ts',
  'engine/docker/info-document.ts',
  'engine/docker/version-document.ts',
  'engine/store-names.ts',
  'engine/versions.ts',
];

// What other folders reach by one place only.
const doors: { readonly [file: string]: readonly string[] } = {
  'src/snapshots/open-tree.ts': ['src/store/trees.ts', 'src/store/store-trees.ts'],
  'src/snapshots/open-changes.ts': ['src/store/trees.ts', 'src/store/store-trees.ts'],
};

const allowedTo: { readonly [face: string]: readonly string[] } = {
  // The command itself deals with its user's terminal and with the files that its user names; no store takes part.
  cli: [...facade, 'sys/errno.ts', 'sys/is-readable.ts', 'sys/open-stream.ts', 'sys/set-raw-mode.ts'],
  // Its engine is in a worker, so that the main thread does nothing but serve.
  api: [...facade, 'sys/worker/job-thread.ts', 'sys/worker/serve-jobs.ts'],
  explorer: facade,
};

export interface Violation {
  readonly file: string;
  readonly specifier: string;
  readonly why: string;
}

const floorOf = (folder: string): number => floors.findIndex((names) => names.includes(folder));

function judge(file: string, specifier: string): string | undefined {
  const folder = file.split('/')[1] ?? '';
  const floor = floorOf(folder);
  if (floor < 0) return `folder ${folder} has no floor`;
  if (!specifier.startsWith('.')) {
    return floor === 1 ? `floor 1 is pure and imports no package or node: module` : undefined;
  }
  const path = importedFile(file, specifier);
  const target = path.split('/')[1] ?? '';
  if (target === folder) return undefined;
  const door = doors[path];
  if (door?.includes(file) === false) return `${path} is reached by ${door.join(' and ')}`;
  const targetFloor = floorOf(target);
  if (targetFloor < 0) return `folder ${target} has no floor`;
  if (
    floor === 1 &&
    target === 'lib' &&
    !/\/lib\/(bytes|characters|clean-path|invariant|nearest-index|present)\.ts$/.test(path)
  ) {
    return 'floor 1 takes only bytes, characters, clean-path, invariant, nearest-index and present from lib';
  }
  if (targetFloor > floor) return `floor ${floor} (${folder}) imports up from floor ${targetFloor} (${target})`;
  if (targetFloor === floor && !sideways.has(`${folder}>${target}`))
    return `floor ${floor}: ${folder} imports its sibling ${target}`;
  const allowed = allowedTo[folder];
  if (allowed !== undefined && targetFloor > 1 && !allowed.includes(path.replace('src/', '')))
    return `a face imports the facade (engine/index.ts) and floors 0 and 1 only, not ${path}`;
  return undefined;
}

/** Every import under `src/` that breaks the rule; an empty list is the wanted answer. */
export function findLayerViolations(root: string): { files: number; violations: Violation[] } {
  const imports = readImports(root);
  const violations = [...imports].flatMap(([file, specifiers]) =>
    specifiers.flatMap((specifier) => {
      const why = judge(file, specifier);
      return why === undefined ? [] : [{ file, specifier, why }];
    }),
  );
  return { files: imports.size, violations };
}
