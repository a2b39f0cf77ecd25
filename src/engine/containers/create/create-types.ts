import type { HostOptions } from '../../../containers/host-options.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { NetworkMode } from '../../../oci-runtime/network-mode.ts';

/** A stream of a container that a client attaches to. */
export type AttachedStream = 'stdin' | 'stdout' | 'stderr';

/** A container to create. Values that are left out come from the image. */
export interface CreateRequest extends AbortOptions {
  /** A reference, an image ID or the beginning of one. */
  readonly image: string;
  /** `os/architecture[/variant]`: the image to choose from a multi-platform one. Default: this machine's. */
  readonly platform?: string;
  /** Command and arguments, in place of the image's. */
  readonly command?: readonly string[];
  /** In place of the image's. `[]` removes it. */
  readonly entrypoint?: readonly string[];
  /** `NAME=value`. A bare `NAME` removes the image's variable. */
  readonly environment?: readonly string[];
  /** Absolute path. */
  readonly workingDirectory?: string;
  /** `user[:group]`: names from the image's /etc/passwd and /etc/group, or numbers. */
  readonly user?: string;
  /** Default: the first 12 digits of the ID; the name of the host with network `host`. */
  readonly hostname?: string;
  readonly domainname?: string;
  /** Default: a generated name. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default `none`. */
  readonly network?: NetworkMode;
  /** Mounts the root filesystem read-only. */
  readonly readOnly?: boolean;
  /** Removes the container when it has ended, whatever its exit code. */
  readonly remove?: boolean;
  /** Gives the process a terminal in place of pipes. */
  readonly terminal?: boolean;
  /** Size of the terminal when the process first reads it. */
  readonly terminalSize?: { readonly rows: number; readonly columns: number };
  /** Keeps standard input open: input of attached clients reaches the process. */
  readonly interactive?: boolean;
  /**
   * Streams the creator intends to attach to, as shown by `inspect`. With `interactive` and `stdin`, standard input ends with
   * that of the first client, as with `docker run -i`. Default: none.
   */
  readonly attach?: readonly AttachedStream[];
  /** Signal sent by `stop`: a name or a number. */
  readonly stopSignal?: string;
  /** Time that `stop` waits before it kills, in seconds. */
  readonly stopTimeout?: number;
  /** Limits, mounts, capabilities and devices, with the keys and units of docker's `HostConfig`. */
  readonly host?: HostOptions;
}

/** Result of `containers.create`. */
export interface CreatedContainer {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** Warnings about risky or ineffective options, a sentence each. */
  readonly warnings: readonly string[];
}
