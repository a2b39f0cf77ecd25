import type { Contender, ContestEntry } from '../contest.ts';
import { type Host, hosts, idle, startIdle } from '../hosts.ts';
import { supervisorMemory } from '../supervisor-memory.ts';

const inShell = ({ name, options, group, command }: Host, script: string): Contender => ({
  name,
  ...(options === undefined ? {} : { options }),
  group,
  command: ['/bin/sh', '-euc', script, 'sh', ...command],
});

const contender = ({ name, options, group, command }: Host, ...words: readonly string[]): Contender => ({
  name,
  ...(options === undefined ? {} : { options }),
  group,
  command: [...command, ...words],
});

const byRunc = 'All by runc, without a network; CPU and memory of daemon, monitor and runtime included.';

interface Listing {
  readonly name: string;
  readonly title: string;
  readonly flags: readonly string[];
  readonly running: number;
  readonly exited: number;
}

const listing = ({ name, title, flags, running, exited }: Listing): ContestEntry => ({
  name,
  prepare: async (arena) => {
    const found = await hosts(arena);
    const scaled = (count: number): number => Math.ceil(count * arena.scale);
    for (const host of found) {
      await startIdle(host, scaled(running), 'r');
      const run = `"$@" run --name e$i ${host.box.join(' ')} true`;
      await host.run(`i=0; while [ $i -lt ${scaled(exited)} ]; do i=$((i+1)); ${run}; done`);
    }
    return {
      title,
      rules: 'The memory of all these containers and their monitors is in the figures.',
      goal: '≤ 1.0× podman (wall)',
      contenders: found.map((host) => contender(host, 'ps', ...flags)),
    };
  },
});

export const contests: readonly ContestEntry[] = [
  {
    name: 'run-detached',
    prepare: async (arena) => ({
      title: '`run -d`, `wait` and `rm` of `true`',
      rules: `Three commands one after the other. ${byRunc}`,
      goal: '≤ 0.7× podman, ≤ 0.5× docker (wall)',
      contenders: (await hosts(arena)).map((host) =>
        inShell(host, `id=$("$@" run --detach ${host.box.join(' ')} true); "$@" wait "$id"; "$@" rm "$id"`),
      ),
    }),
  },
  {
    name: 'exec',
    prepare: async (arena) => {
      const found = await hosts(arena);
      for (const host of found) await startIdle(host, 1, 'r');
      return {
        title: '`exec CONTAINER true`',
        rules: byRunc,
        goal: '≤ 0.7× podman, ≤ 0.5× docker (wall)',
        contenders: found.map((host) => contender(host, 'exec', 'r1', 'true')),
      };
    },
  },
  listing({ name: 'ps-10', title: '`ps` with 10 containers, all running', flags: [], running: 10, exited: 0 }),
  listing({ name: 'ps-100', title: '`ps` with 100 containers, all running', flags: [], running: 100, exited: 0 }),
  listing({
    name: 'ps-all',
    title: '`ps -a` with 100 containers, 10 of them running',
    flags: ['--all'],
    running: 10,
    exited: 90,
  }),
  {
    name: 'start-20',
    prepare: async (arena) => {
      const count = Math.ceil(20 * arena.scale);
      return {
        title: `${count} × \`run -d\` at once`,
        rules: `Until the last of the commands has returned; the containers go on. ${byRunc}`,
        goal: '≤ 1.0× both (wall)',
        contenders: (await hosts(arena)).map((host) => ({
          ...inShell(
            host,
            `all=; i=0; while [ $i -lt ${count} ]; do i=$((i+1)); "$@" run --detach ${host.box.join(' ')} ${idle} & all="$all $!"; done; for one in $all; do wait "$one"; done`,
          ),
          after: () => host.clear(),
        })),
      };
    },
  },
  {
    name: 'idle-memory',
    prepare: async (arena) => {
      const found = await hosts(arena);
      const count = Math.ceil(10 * arena.scale);
      return {
        title: 'Memory of an idle container',
        rules: `Proportional sizes (PSS) of ${count} containers that sleep, divided by ${count}: pages that several of them share count once.`,
        look: (options) => supervisorMemory(found, count, options),
      };
    },
  },
];
