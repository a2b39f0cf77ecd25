// The grammar of github.com/distribution/reference, cut into pieces that are each matched in linear time.

/** Longest `path` of a reference, in characters. */
export const maxPathLength = 255;

const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const hostLabel = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const bracketed = /^\[[a-fA-F0-9:]+\]$/;
const hostAndPort = /^(.*?)(?::([0-9]+))?$/s;
const tagForm = /^\w[\w.-]{0,127}$/;
const digestForm = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const identifier = /^[a-f0-9]{64}$/;

/** `registry.example:5000`, `[::1]:5000`: a host name or address with an optional port. */
export function isDomain(text: string): boolean {
  const host = hostAndPort.exec(text)?.[1] ?? '';
  return bracketed.test(host) || host.split('.').every((label) => hostLabel.test(label));
}

/** `library/busybox`: a repository inside a registry, as in its URLs; the length is not looked at. */
export const isRepositoryPath = (text: string): boolean => text.split('/').every((part) => component.test(part));

export const isTag = (text: string): boolean => tagForm.test(text);

/** The form of a digest inside a reference; its algorithm and length are `parseDigest`'s matter. */
export const isDigestForm = (text: string): boolean => digestForm.test(text);

/** 64 hexadecimal digits: the ID of an image, which no repository may be called. */
export const isIdentifier = (text: string): boolean => identifier.test(text);

/** Host (IPv6 addresses in their brackets) and port of a domain. */
export function splitHostPort(domain: string): { readonly host: string; readonly port: string | undefined } {
  const found = hostAndPort.exec(domain);
  return { host: found?.[1] ?? domain, port: found?.[2] };
}
