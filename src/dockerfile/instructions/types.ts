import type { Device } from './device.ts';
import type { MountFlag } from './mount.ts';
import type { Origin } from './origin.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** True for `KEY value`, the form docker warns of. */
  readonly legacy: boolean;
}

/** A file with its content in the Dockerfile: `COPY <<name /dest`. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
  /** True when variables in the content are to be expanded. */
  readonly expand: boolean;
}

/** A heredoc of RUN; with `chomp`, its tabs are still to be removed ({@link chompTabs}). */
export interface ShellHeredoc {
  readonly name: string;
  readonly content: string;
  readonly chomp: boolean;
}

/** RUN, CMD, ENTRYPOINT: `args` as written in JSON, or one element for the shell. */
export interface ShellOrExec {
  readonly args: readonly string[];
  readonly shellForm: boolean;
}

/** Common fields of COPY and ADD. */
export interface CopyingInstruction extends Origin {
  readonly sources: readonly string[];
  readonly inlineFiles: readonly InlineFile[];
  readonly destination: string;
  /** Empty when not given, like all strings here. */
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface AddInstruction extends CopyingInstruction {
  readonly kind: 'ADD';
  readonly checksum: string;
  /** Undefined when not given: the source decides. */
  readonly keepGitDir: boolean | undefined;
  readonly unpack: boolean | undefined;
}

export interface CopyInstruction extends CopyingInstruction {
  readonly kind: 'COPY';
  readonly from: string;
  readonly parents: boolean;
}

export interface ArgDefinition {
  readonly key: string;
  /** Default; undefined for a bare name. */
  readonly value: string | undefined;
  /** `text` of a comment `# NAME text` directly above. */
  readonly description: string;
}

export interface ArgInstruction extends Origin {
  readonly kind: 'ARG';
  readonly definitions: readonly ArgDefinition[];
}

export interface CmdInstruction extends Origin, ShellOrExec {
  readonly kind: 'CMD';
}

export interface EntrypointInstruction extends Origin, ShellOrExec {
  readonly kind: 'ENTRYPOINT';
}

export interface EnvInstruction extends Origin {
  readonly kind: 'ENV';
  readonly variables: readonly KeyValue[];
}

export interface ExposeInstruction extends Origin {
  readonly kind: 'EXPOSE';
  /** Unexpanded and sorted; `parsePorts` reads them. */
  readonly ports: readonly string[];
}

export interface HealthcheckInstruction extends Origin {
  readonly kind: 'HEALTHCHECK';
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', line]`. */
  readonly test: readonly string[];
  /** Nanoseconds, 0 when not given: exact up to 104 days, above that the nearest double. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

export interface LabelInstruction extends Origin {
  readonly kind: 'LABEL';
  readonly labels: readonly KeyValue[];
}

export interface MaintainerInstruction extends Origin {
  readonly kind: 'MAINTAINER';
  readonly maintainer: string;
}

export interface OnbuildInstruction extends Origin {
  readonly kind: 'ONBUILD';
  /** Text of the deferred instruction with its heredocs, for the image's config. */
  readonly trigger: string;
}

export type RunNetwork = 'default' | 'none' | 'host';
export type RunSecurity = 'insecure' | 'sandbox';

export interface RunInstruction extends Origin, ShellOrExec {
  readonly kind: 'RUN';
  readonly heredocs: readonly ShellHeredoc[];
  /** Their values may contain variables: `resolveMount` reads one. */
  readonly mounts: readonly MountFlag[];
  readonly network: RunNetwork;
  readonly security: RunSecurity;
  readonly devices: readonly Device[];
  /** Names of the given flags. */
  readonly flagsUsed: readonly string[];
}

export interface ShellInstruction extends Origin {
  readonly kind: 'SHELL';
  readonly shell: readonly string[];
}

export interface StopsignalInstruction extends Origin {
  readonly kind: 'STOPSIGNAL';
  readonly signal: string;
}

export interface UserInstruction extends Origin {
  readonly kind: 'USER';
  readonly user: string;
}

export interface VolumeInstruction extends Origin {
  readonly kind: 'VOLUME';
  readonly volumes: readonly string[];
}

export interface WorkdirInstruction extends Origin {
  readonly kind: 'WORKDIR';
  readonly path: string;
}

/** Any instruction of a stage. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

/** FROM, before its variables are expanded. */
export interface FromInstruction extends Origin {
  readonly kind: 'FROM';
  readonly baseName: string;
  /** Lower case; empty without AS. */
  readonly stageName: string;
  readonly platform: string;
  /** `text` of a comment `# name text` directly above. */
  readonly description: string;
}

/** FROM and what follows it up to the next. */
export interface Stage {
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}
