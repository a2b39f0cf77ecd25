// A scheme of bounded length: messages quote hostile text, and `a.a.a.…` without a colon must not cost its square.
const userInfo = /([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@"']+@/gi;
const authorization = /\b(Authorization\s*[:=]\s*|Bearer\s+|Basic\s+)[A-Za-z0-9+/=._~-]{8,}/gi;
const secretQuery =
  /([?&](?:token|access_token|refresh_token|password|secret|signature|sig|x-amz-signature|x-amz-credential|x-amz-security-token)=)[^&\s"']+/gi;

/** Replaces credentials in URLs, header values and query strings by `***`. Everything else stays as it is. */
export function redact(text: string): string {
  return mayHoldSecret(text)
    ? text.replace(userInfo, '$1***@').replace(authorization, '$1***').replace(secretQuery, '$1***')
    : text;
}

// What the expressions need at least; they are slow for a walk that makes an error for each attribute that is not there.
const marks = ['://', 'authorization', 'bearer', 'basic', '?', '&'];

function mayHoldSecret(text: string): boolean {
  const lower = text.toLowerCase();
  return marks.some((mark) => lower.includes(mark));
}
