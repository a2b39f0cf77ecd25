const isByte = (text: string): boolean => /^(?:0|[1-9][0-9]{0,2})$/.test(text) && Number(text) <= 255;

function isIpv4(text: string): boolean {
  const parts = text.split('.', 5);
  return parts.length === 4 && parts.every(isByte);
}

/** Counts the 16-bit groups in colon-separated text; undefined when one is malformed. */
function countGroups(text: string, mayEndInIpv4: boolean): number | undefined {
  if (text === '') return 0;
  const groups = text.split(':', 9);
  const last = groups.at(-1) ?? '';
  const dotted = mayEndInIpv4 && last.includes('.') && isIpv4(last);
  const hex = dotted ? groups.slice(0, -1) : groups;
  return hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? hex.length + (dotted ? 2 : 0) : undefined;
}

function isIpv6(text: string): boolean {
  const gap = text.indexOf('::');
  if (gap < 0) return countGroups(text, true) === 8;
  const before = countGroups(text.slice(0, gap), false);
  const after = countGroups(text.slice(gap + 2), true);
  return before !== undefined && after !== undefined && before + after < 8;
}

/** True for an IPv4 address of four decimal numbers without leading zeros, or an IPv6 address without zone. */
export const isIpAddress = (text: string): boolean => text.length <= 45 && (isIpv4(text) || isIpv6(text));
