import { utf8 } from '../lib/bytes.ts';
import { JsonFields } from './fields.ts';
import { maxArchiveIndexBytes, maxLayers } from './limits.ts';
import { parseJson } from './parse-json.ts';

/** Names of the two files at the top of a `docker save` archive. */
export const archiveManifestName = 'manifest.json';
export const archiveRepositoriesName = 'repositories';

/** One image in a `docker save` archive. Paths are relative, stay inside, and have no empty, `.` or `..` part. */
export interface ArchiveImage {
  readonly config: string;
  /** From the base up. */
  readonly layers: readonly string[];
  /** `repository:tag`, to be checked by the reference grammar. */
  readonly repoTags: readonly string[];
}

// CVE-2014-9356 to -9358: paths and IDs of an archive led out of the folder it was unpacked to.
function checkPath(fields: JsonFields, name: string, path: string): string {
  const parts = path.split('/');
  if (path.length > 4096 || path.includes('\0') || path.includes('\\')) throw fields.fail(name, 'is no path');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw fields.fail(name, `leads out of the archive: ${JSON.stringify(path.slice(0, 100))}`);
  }
  return path;
}

/** Reads `manifest.json` of a `docker save` archive. Throws as `parseJson` does, ERR_DOCUMENT_INVALID or _TOO_LARGE. */
export function parseArchiveManifest(bytes: Uint8Array): readonly ArchiveImage[] {
  const what = archiveManifestName;
  const json = parseJson(bytes, { what, maxBytes: maxArchiveIndexBytes });
  const document = new JsonFields({ images: json }, ['images'], what);
  const images = document.objects('images', ['Config', 'RepoTags', 'Layers'], 10_000) ?? [];
  return images.map((image) => {
    const layers = image.strings('Layers') ?? [];
    if (layers.length > maxLayers) throw image.fail('Layers', `has more than ${maxLayers} entries`);
    return {
      config: checkPath(image, 'Config', image.requiredString('Config')),
      layers: layers.map((path, at) => checkPath(image, `Layers[${at}]`, path)),
      repoTags: image.strings('RepoTags') ?? [],
    };
  });
}

/** Returns the bytes of `manifest.json`, in docker's field order. */
export const formatArchiveManifest = (images: readonly ArchiveImage[]): Uint8Array =>
  utf8(
    JSON.stringify(
      images.map((image) => ({
        Config: image.config,
        RepoTags: image.repoTags.length === 0 ? null : image.repoTags,
        Layers: image.layers,
      })),
    ),
  );

export interface ArchiveTag {
  readonly repository: string;
  readonly tag: string;
  /** Docker's ID of the topmost layer: 64 hexadecimal digits, checked. */
  readonly layerId: string;
}

/** Reads the older `repositories` file: `{"repository": {"tag": "layer ID"}}`. Throws as {@link parseArchiveManifest}. */
export function parseArchiveRepositories(bytes: Uint8Array): readonly ArchiveTag[] {
  const what = archiveRepositoriesName;
  const json = parseJson(bytes, { what, maxBytes: maxArchiveIndexBytes });
  const repositories = new JsonFields(json, [], what);
  return repositories.names().flatMap((repository) => {
    const tags = repositories.stringMap(repository) ?? {};
    return Object.entries(tags).map(([tag, layerId]) => {
      if (!/^[0-9a-f]{64}$/.test(layerId)) throw repositories.fail(repository, 'has a tag that is no layer ID');
      return { repository, tag, layerId };
    });
  });
}
