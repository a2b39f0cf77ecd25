import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AccountingGroup } from './accounting-group.ts';
import type { Arena, Contender } from './contest.ts';
import { type Engine, engines, environmentOf } from './engines.ts';
import { measure } from './measure.ts';
import { setUp } from './peers.ts';

/** An engine with an image of static busybox, whose containers outlive the commands. */
export interface Host extends Pick<Contender, 'name' | 'options'> {
  /** The engine's command line up to the verb. */
  readonly command: readonly string[];
  /** Group of its containers and of its daemon, if any: all commands must see the same hierarchy of cgroups. */
  readonly group: AccountingGroup;
  /** Words after `run`, up to the command in the container. */
  readonly box: readonly string[];
  /** Runs a shell script that has the engine's command line as its arguments. */
  run(script: string): Promise<void>;
  /** Removes all containers, running ones too. */
  clear(): Promise<void>;
}

/** Idle command. As a container's first process it ignores SIGTERM. */
export const idle = 'sleep 1000000';

/** Returns all engines with that image. Their containers are removed at the arena's end, also after an interruption. */
export async function hosts(arena: Arena): Promise<Host[]> {
  const context = join(arena.folder, 'context');
  mkdirSync(context);
  copyFileSync('/bin/busybox', join(context, 'busybox'));
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY busybox /bin/true\nCOPY busybox /bin/sleep\n');
  return (await engines(arena)).map((engine) => hostOf(engine, arena, context));
}

function hostOf(engine: Engine, { atEnd }: Arena, context: string): Host {
  const { name, command, prefix, remove } = engine;
  const env = environmentOf(engine);
  setUp([...command, 'build', '--quiet', '--tag', 'box', context], env);
  const group = engine.group ?? atEnd.use(new AccountingGroup(name));
  const run = async (script: string): Promise<void> => {
    await measure(group, ['/bin/sh', '-euc', script, 'sh', ...command], { env });
  };
  const clear = async (): Promise<void> => {
    const ids = setUp([...command, 'ps', '--all', '--quiet', '--no-trunc'], env)
      .split(/\s+/)
      .filter(Boolean);
    if (ids.length > 0) await measure(group, [...command, ...remove, ...ids], { env });
  };
  atEnd.defer(clear);
  return { name, command, options: { env }, group, box: ['--network', 'none', `${prefix}box`], run, clear };
}

/** Starts idle containers, named `PREFIX1` and so on. */
export async function startIdle({ run, box }: Host, count: number, prefix: string): Promise<void> {
  await run(
    `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); "$@" run --detach --name ${prefix}$i ${box.join(' ')} ${idle}; done`,
  );
}
