declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `algorithm:hex` over the bytes of a blob as stored or sent. */
export type Digest = Branded<'digest'>;
/** Digest of a layer's uncompressed tar. Never the same type as {@link Digest}: mixing them is a compile error. */
export type DiffId = Branded<'diffID'>;
/** Hash over the diffIDs from the base up to a layer (OCI image-spec config.md, "Layer ChainID"). */
export type ChainId = Branded<'chainID'>;
