// Checks the import rule of docs/architecture.md: imports go down only, and sideways only where listed.
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

// Imports allowed within a floor; any other is refused.
const sideways = new Set(['lib>errors', 'reference>spec', 'layer>content', 'layer>ledger', 'content>ledger']);

// Files above the pure floors that a face may import: the facade, and those of its parts that need no open store. A
// face loads these alone, as loading the whole facade would take longer than their work.
const facade = [
  'engine/index.ts',
  'engine/docker/image-document.ts',
  'engine/docker/info-document.ts',
  'engine/docker/version-document.ts',
  'engine/store-names.ts',
  'engine/versions.ts',
];

// Files that only the listed files of other folders may import.
const doors: { readonly [file: string]: readonly string[] } = {
  'src/snapshots/open-tree.ts': ['src/store/trees.ts', 'src/store/store-trees.ts'],
  'src/snapshots/open-changes.ts': ['src/store/trees.ts', 'src/store/store-trees.ts'],
};

const allowedTo: { readonly [face: string]: readonly string[] } = {
  // The command itself handles the terminal and the files that its user names, without a store.
  cli: [...facade, 'sys/errno.ts', 'sys/is-readable.ts', 'sys/open-stream.ts', 'sys/set-raw-mode.ts'],
  // Its engine runs in a worker, so that the main thread only serves.
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

/** Returns every import under `src/` that breaks the rule; the list should be empty. */
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
