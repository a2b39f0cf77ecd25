import { valueError } from './dockerfile-error.ts';
import { isIpAddress } from './ip-address.ts';
import { maxPorts } from './limits.ts';
import { excerpt, quote } from './quote.ts';
import type { LineRange } from './syntax-tree.ts';

interface PortRange {
  readonly first: number;
  readonly last: number;
}

const parsePort = (text: string): number | undefined => {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value < 0 || value > 65535 ? undefined : value + 0;
};

function parseRange(text: string): PortRange | undefined {
  const dash = text.indexOf('-');
  const start = dash < 0 ? text : text.slice(0, dash);
  const first = parsePort(start);
  if (first === undefined) return undefined;
  const end = dash < 0 ? start : text.slice(dash + 1);
  const last = end === start ? first : parsePort(end);
  return last === undefined || last < first ? undefined : { first, last };
}

/** Splits `[ip:][host:]container` at the last two colons, so a bare IPv6 address may come first. */
function splitAddress(text: string): { ip: string; host: string; container: string } {
  const last = text.lastIndexOf(':');
  if (last < 0) return { ip: '', host: '', container: text };
  const before = last === 0 ? -1 : text.lastIndexOf(':', last - 1);
  return {
    ip: before < 0 ? '' : text.slice(0, before),
    host: text.slice(before + 1, last),
    container: text.slice(last + 1),
  };
}

function addressProblem(ip: string): string | undefined {
  if (ip === '') return undefined;
  const bracketed = ip.startsWith('[');
  if (bracketed && !ip.endsWith(']')) return `invalid IP address ${excerpt(ip)}`;
  const bare = bracketed ? ip.slice(1, -1) : ip;
  return isIpAddress(bare) ? undefined : `invalid IP address: ${excerpt(bare)}`;
}

interface PortSpec extends PortRange {
  readonly protocol: string;
}

function parseSpec(spec: string): PortSpec | { readonly problem: string } {
  const { ip, host, container } = splitAddress(spec);
  const slash = container.indexOf('/');
  const ports = slash < 0 ? container : container.slice(0, slash);
  const protocol = (slash < 0 ? '' : container.slice(slash + 1)).toLowerCase() || 'tcp';
  if (ports === '') return { problem: `invalid port: ${quote(excerpt(spec))}: no port specified` };
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
    const written = container.slice(slash + 1);
    return { problem: `invalid port: ${quote(excerpt(spec))}: invalid proto: ${excerpt(written)}` };
  }
  const wrongAddress = addressProblem(ip);
  if (wrongAddress !== undefined) return { problem: wrongAddress };
  const range = parseRange(ports);
  if (range === undefined) return { problem: `invalid containerPort: ${excerpt(ports)}` };
  if (host !== '') {
    const published = parseRange(host);
    if (published === undefined) return { problem: `invalid hostPort: ${excerpt(host)}` };
    const [inside, outside] = [range.last - range.first, published.last - published.first];
    if (inside !== outside && inside !== 0) {
      const both = `${excerpt(ports)} and ${excerpt(host)}`;
      return { problem: `invalid ranges specified for container and host Ports: ${both}` };
    }
  }
  return { ...range, protocol };
}

/**
 * Returns the ports of an EXPOSE with expanded variables as `80/tcp`, each once, in the order they were named. Ranges
 * are expanded. An address and a host port, which docker accepts and ignores, must be well-formed.
 *
 * @throws ERR_DOCKERFILE_VALUE in docker's words
 */
export function parsePorts(specs: readonly string[], at?: LineRange): string[] {
  const ports = new Set<string>();
  let named = 0;
  for (const spec of new Set(specs)) {
    const parsed = parseSpec(spec);
    if ('problem' in parsed) throw valueError(parsed.problem, at, 'Write ports such as 80, 53/udp or 8000-8010.');
    // Thousands of `0-65535` on one line would name the same ports again and again.
    named += parsed.last - parsed.first + 1;
    if (named > maxPorts)
      throw valueError(`EXPOSE names more than ${maxPorts} ports`, at, 'Expose fewer ports, and each of them once.');
    for (let port = parsed.first; port <= parsed.last; port++) ports.add(`${port}/${parsed.protocol}`);
  }
  return [...ports];
}
