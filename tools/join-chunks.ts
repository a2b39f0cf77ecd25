// Puts chunks that are always loaded together into one file.
import { basename } from 'node:path';
import type { Metafile } from 'esbuild';

/** Files of a bundle by name, CommonJS that asks for other files by `require("./NAME")`. */
type Chunks = ReadonlyMap<string, string>;

/**
 * To find, read and check fifty files of a few kB is a twentieth of what a short command costs. So all that the
 * entries of a group import statically, and that no group before has, goes into the file of the group's first entry.
 * Chunks still run when they are first asked for, and once; the one named `start` as soon as its file is loaded.
 * Entries are named by their source file.
 */
export function joinChunks(
  chunks: Chunks,
  { outputs }: Metafile,
  { groups, start }: { readonly groups: readonly (readonly string[])[]; readonly start: string },
): Chunks {
  const homes = homesOf(chunks, outputs, groups);
  const files = new Map<string, string>();
  const members = new Map<string, string[]>();
  for (const [name, code] of chunks) {
    const home = homes.get(name);
    const text = code.replaceAll(/\brequire\("\.\/([^"/]+)"\)/g, (call, asked: string) => {
      const other = homes.get(asked);
      return other === undefined || other === home ? call : `require("./${other}")("./${asked}")`;
    });
    if (home === undefined) files.set(name, text);
    else members.set(home, [...(members.get(home) ?? []), `"./${name}"(module, exports, require) {\n${text}}`]);
  }
  for (const [home, texts] of members) {
    files.set(home, joined(texts) + (home === start ? `load("./${start}");\n` : ''));
  }
  return files;
}

/** In which file each of the chunks goes that do not stay in one of their own. */
function homesOf(
  chunks: Chunks,
  outputs: Metafile['outputs'],
  groups: readonly (readonly string[])[],
): ReadonlyMap<string, string> {
  const infos = new Map(Object.entries(outputs).map(([path, info]) => [basename(path), info]));
  const homes = new Map<string, string>();
  const settle = (name: string, home: string): void => {
    if (homes.has(name) || !chunks.has(name)) return;
    homes.set(name, home);
    for (const { path, kind } of infos.get(name)?.imports ?? []) {
      if (kind === 'import-statement') settle(basename(path), home);
    }
  };
  for (const group of groups) {
    const entries = group.flatMap(
      (source) => [...infos].find(([, { entryPoint }]) => entryPoint === source)?.[0] ?? [],
    );
    const [home] = entries;
    if (home === undefined || entries.length < group.length)
      throw new Error(`not all are entries: ${group.join(', ')}`);
    for (const entry of entries) settle(entry, home);
  }
  return homes;
}

const joined = (members: readonly string[]): string => `const chunks = {
${members.join(',\n')}
};
const loaded = new Map();
function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const chunk = chunks[name];
  if (chunk === undefined) return require(name);
  const module = { exports: {} };
  loaded.set(name, module);
  chunk(module, module.exports, load);
  return module.exports;
}
module.exports = load;
`;
