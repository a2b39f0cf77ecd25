// The scheme has a bounded length: messages quote hostile text, and matching `a.a.a.…` must not take quadratic time.
const userInfo = /([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@"']+@/gi;
const authorization = /\b(Authorization\s*[:=]\s*|Bearer\s+|Basic\s+)[A-Za-z0-9+/=._~-]{8,}/gi;
const secretQuery =
  /([?&](?:token|access_token|refresh_token|password|secret|signature|sig|x-amz-signature|x-amz-credential|x-amz-security-token)=)[^&\s"']+/gi;

/**
 * Replaces credentials in URLs (`https://user:password@host`), header values (`Bearer …`) and query strings (`?token=…`) by
 * `***`. All other text stays as it is.
 */
export function redact(text: string): string {
  return mayHoldSecret(text)
    ? text.replace(userInfo, '$1***@').replace(authorization, '$1***').replace(secretQuery, '$1***')
    : text;
}

// Texts of which the expressions need at least one. They are too slow for a walk that meets an error for each missing attribute.
const marks = ['://', 'authorization', 'bearer', 'basic', '?', '&'];

function mayHoldSecret(text: string): boolean {
  const lower = text.toLowerCase();
  return marks.some((mark) => lower.includes(mark));
}
