// The grammar of github.com/distribution/reference, cut into parts that are each matched in linear time.

/** Longest `path` of a reference, in characters. */
export const maxPathLength = 255;

const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const hostLabel = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const bracketed = /^\[[a-fA-F0-9:]+\]$/;
const hostAndPort = /^(.*?)(?::([0-9]+))?$/s;
const tagForm = /^\w[\w.-]{0,127}$/;
const digestForm = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const identifier = /^[a-f0-9]{64}$/;

/** True for a host name or address with an optional port: `registry.example:5000`, `[::1]:5000`. */
export function isDomain(text: string): boolean {
  const host = hostAndPort.exec(text)?.[1] ?? '';
  return bracketed.test(host) || host.split('.').every((label) => hostLabel.test(label));
}

/** True for a repository inside a registry, as in its URLs: `library/busybox`. Does not check the length. */
export const isRepositoryPath = (text: string): boolean => text.split('/').every((part) => component.test(part));

export const isTag = (text: string): boolean => tagForm.test(text);

/** True for the form of a digest inside a reference. `parseDigest` checks algorithm and length. */
export const isDigestForm = (text: string): boolean => digestForm.test(text);

/** True for 64 hexadecimal digits: the ID of an image, which no repository may have as its name. */
export const isIdentifier = (text: string): boolean => identifier.test(text);

/** Splits a domain into host (IPv6 addresses keep their brackets) and port. */
export function splitHostPort(domain: string): { readonly host: string; readonly port: string | undefined } {
  const found = hostAndPort.exec(domain);
  return { host: found?.[1] ?? domain, port: found?.[2] };
}
