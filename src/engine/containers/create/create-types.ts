import type { HostOptions } from '../../../containers/host-options.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { NetworkMode } from '../../../oci-runtime/network-mode.ts';

/** A stream of a container that somebody is with. */
export type AttachedStream = 'stdin' | 'stdout' | 'stderr';

/** A container to be made. Everything left out is as the image says. */
export interface CreateRequest extends AbortOptions {
  /** A reference, an image ID or the beginning of one. */
  readonly image: string;
  /** `os/architecture[/variant]`: which image of several is meant. Default: this machine's. */
  readonly platform?: string;
  readonly command?: readonly string[];
  /** In place of the image's; `[]` takes it away. */
  readonly entrypoint?: readonly string[];
  /** `NAME=value`; a bare `NAME` takes the image's variable away. */
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  /** `user[:group]`: names of the image, or numbers. */
  readonly user?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default `none`. */
  readonly network?: NetworkMode;
  readonly readOnly?: boolean;
  /** Removes the container when it has ended, whatever its exit code. */
  readonly remove?: boolean;
  readonly terminal?: boolean;
  /** What the terminal measures when the process first looks. */
  readonly terminalSize?: { readonly rows: number; readonly columns: number };
  /** Its standard input is open: what a client sends reaches it. */
  readonly interactive?: boolean;
  /**
   * What whoever makes it wants to be with, which `inspect` shows. With `interactive` and `stdin` its standard input ends with
   * that of the first client, as of `docker run -i`. Default: nothing.
   */
  readonly attach?: readonly AttachedStream[];
  /** Sent by `stop`; a name or a number. */
  readonly stopSignal?: string;
  /** How long `stop` waits before it kills, in seconds. */
  readonly stopTimeout?: number;
  /** What it gets of the machine: limits, mounts, capabilities, devices, as docker's `HostConfig` has them. */
  readonly host?: HostOptions;
}

export interface CreatedContainer {
  readonly id: string;
  readonly name: string;
  /** What its maker should know, as docker's create has them. */
  readonly warnings: readonly string[];
}
