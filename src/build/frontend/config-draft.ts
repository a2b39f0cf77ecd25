import type { Instruction } from '../../dockerfile/instructions/types.ts';
import { parsePorts } from '../../dockerfile/ports.ts';
import type { RunConfig } from '../../spec/config.ts';

type Draft = { -readonly [Key in keyof RunConfig]: RunConfig[Key] };

const defaultShell = ['/bin/sh', '-c'];

/** The image's config while instructions change it. Starts as the base's, whose ONBUILD triggers are spent. */
export class ConfigDraft {
  readonly #config: Draft;
  #commandIsInherited: boolean;

  constructor(base: RunConfig) {
    this.#config = { ...base };
    delete this.#config.OnBuild;
    this.#commandIsInherited = true;
  }

  get value(): RunConfig {
    return this.#config;
  }

  get workingDir(): string {
    return this.#config.WorkingDir || '/';
  }

  get shell(): readonly string[] {
    return this.#config.Shell ?? defaultShell;
  }

  environment(): Map<string, string> {
    return new Map(
      (this.#config.Env ?? []).map((entry) => {
        const at = entry.indexOf('=');
        return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
      }),
    );
  }

  addLabels(labels: Readonly<Record<string, string>>): void {
    if (Object.keys(labels).length > 0) this.#config.Labels = { ...this.#config.Labels, ...labels };
  }

  /** Applies an instruction whose variables are expanded; instructions without effect on the config change nothing. */
  apply(instruction: Instruction): void {
    const config = this.#config;
    switch (instruction.kind) {
      case 'ENV': {
        const env = this.environment();
        for (const { key, value } of instruction.variables) env.set(key, value);
        config.Env = [...env].map(([key, value]) => `${key}=${value}`);
        return;
      }
      case 'LABEL':
        this.addLabels(Object.fromEntries(instruction.labels.map(({ key, value }) => [key, value])));
        return;
      case 'EXPOSE':
        config.ExposedPorts = {
          ...config.ExposedPorts,
          ...Object.fromEntries(parsePorts(instruction.ports, instruction.location).map((port) => [port, {}])),
        };
        return;
      case 'VOLUME':
        config.Volumes = {
          ...config.Volumes,
          ...Object.fromEntries(instruction.volumes.map((volume) => [volume, {}])),
        };
        return;
      case 'CMD':
        config.Cmd = this.#commandLine(instruction);
        this.#commandIsInherited = false;
        return;
      case 'ENTRYPOINT':
        config.Entrypoint = this.#commandLine(instruction);
        // Docker: a new entrypoint makes the base's CMD meaningless, a CMD of this Dockerfile stays.
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
        config.OnBuild = [...(config.OnBuild ?? []), instruction.trigger];
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

  #commandLine({ args, shellForm }: Extract<Instruction, { kind: 'CMD' | 'ENTRYPOINT' }>): readonly string[] {
    return shellForm ? [...this.shell, ...args] : args;
  }
}
