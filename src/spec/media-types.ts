/** Well-known media types; any other well-formed one may name an artifact. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociForeignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  ociForeignLayerGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ociForeignLayerZstd: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  /** The two bytes `{}`, for fields that an artifact must set. */
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
  dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

export type LayerCompression = 'none' | 'gzip' | 'zstd';

interface MediaTypeRow {
  readonly kind: 'index' | 'manifest' | 'config' | 'layer';
  readonly oci: string;
  readonly docker?: string;
  readonly compression?: LayerCompression;
  readonly foreign?: true;
}

const t = mediaTypes;
const table: readonly MediaTypeRow[] = [
  { kind: 'index', oci: t.ociIndex, docker: t.dockerIndex },
  { kind: 'manifest', oci: t.ociManifest, docker: t.dockerManifest },
  { kind: 'config', oci: t.ociConfig, docker: t.dockerConfig },
  { kind: 'layer', oci: t.ociLayer, docker: t.dockerLayer, compression: 'none' },
  { kind: 'layer', oci: t.ociLayerGzip, docker: t.dockerLayerGzip, compression: 'gzip' },
  { kind: 'layer', oci: t.ociLayerZstd, docker: t.dockerLayerZstd, compression: 'zstd' },
  { kind: 'layer', oci: t.ociForeignLayer, docker: t.dockerForeignLayer, compression: 'none', foreign: true },
  { kind: 'layer', oci: t.ociForeignLayerGzip, docker: t.dockerForeignLayerGzip, compression: 'gzip', foreign: true },
  { kind: 'layer', oci: t.ociForeignLayerZstd, compression: 'zstd', foreign: true },
];

const rows: ReadonlyMap<string, MediaTypeRow> = new Map(
  table.flatMap((row) => [[row.oci, row] as const, ...(row.docker === undefined ? [] : [[row.docker, row] as const])]),
);

// RFC 6838, section 4.2, as the image-spec's schema has it.
const grammar = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

export const isMediaType = (text: string): boolean => grammar.test(text);
export const isIndex = (mediaType: string): boolean => rows.get(mediaType)?.kind === 'index';
export const isManifest = (mediaType: string): boolean => rows.get(mediaType)?.kind === 'manifest';
/** True for the config of an image; an artifact's config has another type. */
export const isConfig = (mediaType: string): boolean => rows.get(mediaType)?.kind === 'config';
/** True for an image's filesystem layers, foreign ones included. */
export const isLayer = (mediaType: string): boolean => rows.get(mediaType)?.kind === 'layer';
/** True for layers that registries do not accept; they are fetched from the descriptor's `urls`. */
export const isForeignLayer = (mediaType: string): boolean => rows.get(mediaType)?.foreign === true;
export const isDockerMediaType = (mediaType: string): boolean => rows.get(mediaType)?.docker === mediaType;

/** True for docker's old manifest, whose digests do not cover its content. No current tool reads it. */
export const isSchema1 = (mediaType: string): boolean =>
  /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/.test(mediaType);

/**
 * Returns the compression that a layer's type promises; undefined for any other type. Readers look at the bytes
 * instead.
 */
export const layerCompression = (mediaType: string): LayerCompression | undefined => rows.get(mediaType)?.compression;

/** Returns the type for a new layer. */
export function layerMediaType(compression: LayerCompression, family: 'oci' | 'docker' = 'oci'): string {
  const found = table.find((row) => row.kind === 'layer' && row.compression === compression && row.foreign !== true);
  return (family === 'docker' ? found?.docker : found?.oci) ?? t.ociLayer;
}

/** Returns OCI's name for a Docker type, and any other type unchanged. */
export const toOciMediaType = (mediaType: string): string => rows.get(mediaType)?.oci ?? mediaType;

/** Returns Docker's name for an OCI type if it has one, and any other type unchanged. */
export const toDockerMediaType = (mediaType: string): string => rows.get(mediaType)?.docker ?? mediaType;
