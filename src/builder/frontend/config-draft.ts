import { valueError } from '../../dockerfile/dockerfile-error.ts';
import { variablesOf } from '../../dockerfile/environment.ts';
import type { Instruction } from '../../dockerfile/instructions/types.ts';
import type { LineRange } from '../../dockerfile/syntax-tree.ts';
import type { RunConfig } from '../../spec/config.ts';

type MutableRunConfig = { -readonly [Key in keyof RunConfig]: RunConfig[Key] };

const defaultShell = ['/bin/sh', '-c'];
// About five times the number of all ports: 65536 lines of `EXPOSE 1-65535` would take minutes.
const maxExposed = 1_000_000;

/**
 * The image's config while instructions change it. It starts as the base's, without the ONBUILD triggers, which have
 * run. Growing values are kept in maps: a Dockerfile may have 65536 instructions, and none may copy the values of all
 * before it.
 */
export class ConfigDraft {
  readonly #config: MutableRunConfig;
  readonly #environment: Map<string, string>;
  readonly #labels: Map<string, string>;
  readonly #ports: Map<string, object>;
  readonly #volumes: Map<string, object>;
  readonly #triggers: string[] = [];
  #commandIsInherited = true;
  #exposed = 0;

  constructor(base: RunConfig) {
    const { OnBuild: _spent, Env = [], Labels = {}, ExposedPorts = {}, Volumes = {}, ...config } = base;
    this.#config = config;
    this.#environment = variablesOf(Env);
    this.#labels = new Map(Object.entries(Labels));
    this.#ports = new Map(Object.entries(ExposedPorts));
    this.#volumes = new Map(Object.entries(Volumes));
  }

  get value(): RunConfig {
    return {
      ...this.#config,
      ...(this.#environment.size === 0
        ? {}
        : { Env: [...this.#environment].map(([name, value]) => `${name}=${value}`) }),
      ...(this.#labels.size === 0 ? {} : { Labels: Object.fromEntries(this.#labels) }),
      ...(this.#ports.size === 0 ? {} : { ExposedPorts: Object.fromEntries(this.#ports) }),
      ...(this.#volumes.size === 0 ? {} : { Volumes: Object.fromEntries(this.#volumes) }),
      ...(this.#triggers.length === 0 ? {} : { OnBuild: this.#triggers }),
    };
  }

  get workingDir(): string {
    return this.#config.WorkingDir || '/';
  }

  get user(): string {
    return this.#config.User ?? '';
  }

  get shell(): readonly string[] {
    return this.#config.Shell ?? defaultShell;
  }

  /** Live view of the variables. */
  get environment(): ReadonlyMap<string, string> {
    return this.#environment;
  }

  addLabels(labels: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(labels)) this.#labels.set(key, value);
  }

  /** Applies an instruction with its variables and ports resolved; one without effect on the config changes nothing. */
  apply(instruction: Instruction): void {
    const config = this.#config;
    switch (instruction.kind) {
      case 'ENV':
        for (const { key, value } of instruction.variables) this.#environment.set(key, value);
        return;
      case 'LABEL':
        for (const { key, value } of instruction.labels) this.#labels.set(key, value);
        return;
      case 'EXPOSE':
        this.#expose(instruction.ports, instruction.location);
        return;
      case 'VOLUME':
        for (const volume of instruction.volumes) this.#volumes.set(volume, {});
        return;
      case 'CMD':
        config.Cmd = this.#commandLine(instruction);
        // For Windows only, but BuildKit sets it everywhere.
        config.ArgsEscaped = true;
        this.#commandIsInherited = false;
        return;
      case 'ENTRYPOINT':
        config.Entrypoint = this.#commandLine(instruction);
        // A new entrypoint removes the base's CMD, as in docker; a CMD of this Dockerfile stays.
        if (this.#commandIsInherited) delete config.Cmd;
        return;
      case 'HEALTHCHECK':
        config.Healthcheck = {
          Test: instruction.test,
          ...(instruction.interval === 0 ? {} : { Interval: instruction.interval }),
          ...(instruction.timeout === 0 ? {} : { Timeout: instruction.timeout }),
          ...(instruction.startPeriod === 0 ? {} : { StartPeriod: instruction.startPeriod }),
          ...(instruction.startInterval === 0 ? {} : { StartInterval: instruction.startInterval }),
          ...(instruction.retries === 0 ? {} : { Retries: instruction.retries }),
        };
        return;
      case 'ONBUILD':
        this.#triggers.push(instruction.trigger);
        return;
      case 'SHELL':
        config.Shell = instruction.shell;
        return;
      case 'STOPSIGNAL':
        config.StopSignal = instruction.signal;
        return;
      case 'USER':
        config.User = instruction.user;
        return;
      case 'WORKDIR':
        config.WorkingDir = instruction.path;
        return;
      case 'ADD':
      case 'ARG':
      case 'COPY':
      case 'MAINTAINER':
      case 'RUN':
        return;
    }
  }

  #expose(ports: readonly string[], at: LineRange): void {
    this.#exposed += ports.length;
    if (this.#exposed > maxExposed)
      throw valueError(
        `EXPOSE: more than ${maxExposed} ports, including repeated ones`,
        at,
        'Expose fewer ports, and each of them once.',
      );
    for (const port of ports) this.#ports.set(port, {});
  }

  #commandLine({ args, shellForm }: Extract<Instruction, { kind: 'CMD' | 'ENTRYPOINT' }>): readonly string[] {
    return shellForm ? [...this.shell, ...args] : args;
  }
}
