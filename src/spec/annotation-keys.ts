/** Annotation keys that mean something to engines and registries (image-spec annotations.md and tools' own). */
export const annotationKeys = {
  created: 'org.opencontainers.image.created',
  authors: 'org.opencontainers.image.authors',
  url: 'org.opencontainers.image.url',
  documentation: 'org.opencontainers.image.documentation',
  source: 'org.opencontainers.image.source',
  version: 'org.opencontainers.image.version',
  revision: 'org.opencontainers.image.revision',
  vendor: 'org.opencontainers.image.vendor',
  licenses: 'org.opencontainers.image.licenses',
  title: 'org.opencontainers.image.title',
  description: 'org.opencontainers.image.description',
  baseDigest: 'org.opencontainers.image.base.digest',
  baseName: 'org.opencontainers.image.base.name',
  /** In an OCI layout's index: the name of an entry. Most tools write the tag alone, some the whole reference. */
  refName: 'org.opencontainers.image.ref.name',
  /** containerd and docker: the full reference beside `refName`'s tag. */
  containerdImageName: 'io.containerd.image.name',
  /** BuildKit marks an attestation manifest in an index, and the manifest that it attests. */
  dockerReferenceType: 'vnd.docker.reference.type',
  dockerReferenceDigest: 'vnd.docker.reference.digest',
} as const;
