// The import rule of docs/architecture.md: imports go down only, and never sideways except where listed.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseSync } from 'oxc-parser';

const floors: readonly (readonly string[])[] = [
  ['errors', 'lib'],
  ['spec', 'reference', 'dockerfile', 'query'],
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

export interface Violation {
  readonly file: string;
  readonly specifier: string;
  readonly why: string;
}

const floorOf = (folder: string): number => floors.findIndex((names) => names.includes(folder));

function importsOf(file: string): string[] {
  const { module } = parseSync(file, readFileSync(file, 'utf8'));
  return [
    ...module.staticImports.map((found) => found.moduleRequest.value),
    ...module.staticExports.flatMap((found) => found.entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...module.dynamicImports.flatMap((found) => {
      const source = readFileSync(file, 'utf8').slice(found.moduleRequest.start, found.moduleRequest.end);
      return /^['"]/.test(source) ? [source.slice(1, -1)] : [];
    }),
  ];
}

function judge(file: string, specifier: string): string | undefined {
  const folder = file.split('/')[1] ?? '';
  const floor = floorOf(folder);
  if (floor < 0) return `folder ${folder} has no floor`;
  if (!specifier.startsWith('.')) {
    return floor === 1 ? `floor 1 is pure and imports no package or node: module` : undefined;
  }
  const target = normalize(join(dirname(file), specifier)).split('/')[1] ?? '';
  if (target === folder) return undefined;
  const targetFloor = floorOf(target);
  if (targetFloor < 0) return `folder ${target} has no floor`;
  if (
    floor === 1 &&
    target === 'lib' &&
    !/\/lib\/(bytes|characters|clean-path|invariant|nearest)\.ts$/.test(normalize(join(dirname(file), specifier)))
  ) {
    return 'floor 1 takes only lib/bytes, lib/characters, lib/clean-path, lib/invariant and lib/nearest from lib';
  }
  if (targetFloor > floor) return `floor ${floor} (${folder}) imports up from floor ${targetFloor} (${target})`;
  if (targetFloor === floor && !sideways.has(`${folder}>${target}`))
    return `floor ${floor}: ${folder} imports its sibling ${target}`;
  return undefined;
}

/** Every import under `src/` that breaks the rule; an empty list is the wanted answer. */
export function findLayerViolations(root: string): { files: number; violations: Violation[] } {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => file.split('/').length > 2);
  const violations = files.flatMap((file) =>
    importsOf(join(root, file)).flatMap((specifier) => {
      const why = judge(file, specifier);
      return why === undefined ? [] : [{ file, specifier, why }];
    }),
  );
  return { files: files.length, violations };
}
