// Limits for documents from registries, archives and layouts. Peers' values where they have one: distribution's
// maxManifestBodySize and containerd's MaxManifestSize are both 4 MiB.

/** Bytes of one manifest or index. */
export const maxManifestBytes: number = 4 << 20;
/** Bytes of one image config. */
export const maxConfigBytes: number = 8 << 20;
/** Bytes of `manifest.json`, `repositories`, `index.json` or `oci-layout` in an archive. */
export const maxArchiveIndexBytes: number = 8 << 20;
/** Levels of nested indexes, the outermost included. */
export const maxIndexDepth: number = 4;
/** Descriptors in one index. */
export const maxIndexEntries: number = 10_000;
/** Layers in one manifest or config. Storage drivers mount fewer, and check that themselves. */
export const maxLayers: number = 1_000;
/** History entries in one config, those of instructions without a layer included. */
export const maxHistoryEntries: number = 10_000;
/** Nesting of arrays and objects in a JSON document. Real ones stay below ten. */
export const maxJsonDepth: number = 64;
/** Values in a JSON document: 8 MiB of `{},{},` would otherwise become hundreds of megabytes of objects. */
export const maxJsonValues: number = 250_000;
