// Small images as docker's archives and OCI layouts, by combinators: dockerArchive([image({ layers: [tar(...)] })]).
import { createHash } from 'node:crypto';
import { dir, file, tar } from './tar-builder.ts';

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export interface TestImage {
  /** Uncompressed tars, base first. */
  readonly layers: readonly Uint8Array[];
  readonly config: Uint8Array;
  /** `sha256:…` of the config. */
  readonly id: string;
}

/** Makes an image of these layers; `extra` goes into its config. */
export function image(layers: readonly Uint8Array[], extra: Readonly<Record<string, unknown>> = {}): TestImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
      history: layers.map((_, at) => ({ created_by: `layer ${at}` })),
      ...extra,
    }),
  );
  return { layers, config, id: `sha256:${sha256(config)}` };
}

/** Files of an archive by path. Tests change them before {@link asTar} makes the archive. */
export type Files = Record<string, Uint8Array | string>;

export const asTar = (files: Files): Uint8Array =>
  tar(...Object.entries(files).map(([name, bytes]) => (name.endsWith('/') ? dir(name) : file(name, bytes))));

/** Returns the files of an archive as `docker save` wrote it before version 25. */
export function dockerArchive(
  images: readonly { readonly image: TestImage; readonly tags?: readonly string[] }[],
  pack: (layer: Uint8Array) => Uint8Array = (layer) => layer,
): Files {
  const files: Files = {};
  const manifest = images.map(({ image: { layers, config, id }, tags }) => {
    const name = `${id.slice('sha256:'.length)}.json`;
    files[name] = config;
    const paths = layers.map((layer) => {
      const path = `${sha256(layer)}/layer.tar`;
      files[path] = pack(layer);
      return path;
    });
    return { Config: name, RepoTags: tags ?? null, Layers: paths };
  });
  return { ...files, 'manifest.json': JSON.stringify(manifest) };
}

export interface TestDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [key: string]: unknown;
}

/** An OCI layout that grows blob by blob. */
export class TestLayout {
  readonly files: Files = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };

  blob(bytes: Uint8Array | string, mediaType: string, extra: Readonly<Record<string, unknown>> = {}): TestDescriptor {
    const digest = sha256(bytes);
    this.files[`blobs/sha256/${digest}`] = bytes;
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(bytes), ...extra };
  }

  document(value: Readonly<Record<string, unknown>>, kind: 'manifest' | 'index', extra = {}): TestDescriptor {
    const mediaType = `application/vnd.oci.image.${kind}.v1+json`;
    return this.blob(JSON.stringify({ schemaVersion: 2, mediaType, ...value }), mediaType, extra);
  }

  image(
    { layers, config }: TestImage,
    pack: (layer: Uint8Array) => Uint8Array,
    suffix = '',
    extra = {},
  ): TestDescriptor {
    return this.document(
      {
        config: this.blob(config, 'application/vnd.oci.image.config.v1+json'),
        layers: layers.map((layer) => this.blob(pack(layer), `application/vnd.oci.image.layer.v1.tar${suffix}`)),
      },
      'manifest',
      extra,
    );
  }

  index(...manifests: readonly TestDescriptor[]): Files {
    return { ...this.files, 'index.json': JSON.stringify({ schemaVersion: 2, manifests }) };
  }
}

/** Returns the annotation that names an entry of `index.json`. */
export const nameAnnotation = (name: string): { readonly annotations: Readonly<Record<string, string>> } => ({
  annotations: { 'org.opencontainers.image.ref.name': name },
});
