import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import type { VerbEntry } from './verb-entries.ts';

export interface CommandModule {
  /** Adds arguments, options and the action to a command that already has its name and summary. */
  define(command: Command, context: CliContext): void;
}

export interface CommandEntry extends VerbEntry {
  readonly load: () => Promise<CommandModule>;
  /** Called by programs only, and hidden from help. */
  readonly isInternal?: true;
}

/** Every verb. */
export const commandTable: readonly CommandEntry[] = [
  {
    names: [['run'], ['container', 'run']],
    summary: 'Create and run a new container from an image',
    arguments: ['IMAGE [COMMAND] [ARG...]'],
    load: () => import('./commands/run.ts'),
  },
  {
    names: [['create'], ['container', 'create']],
    summary: 'Create a new container',
    arguments: ['IMAGE [COMMAND] [ARG...]'],
    load: () => import('./commands/create.ts'),
  },
  {
    names: [['start'], ['container', 'start']],
    summary: 'Start one or more stopped containers',
    load: () => import('./commands/start.ts'),
  },
  {
    names: [['stop'], ['container', 'stop']],
    summary: 'Stop one or more running containers',
    load: () => import('./commands/stop.ts'),
  },
  {
    names: [['restart'], ['container', 'restart']],
    summary: 'Restart one or more containers',
    load: () => import('./commands/restart.ts'),
  },
  {
    names: [['exec'], ['container', 'exec']],
    summary: 'Execute a command in a running container',
    arguments: ['CONTAINER COMMAND [ARG...]'],
    load: () => import('./commands/exec.ts'),
  },
  {
    names: [['attach'], ['container', 'attach']],
    summary: 'Attach local standard input, output, and error streams to a running container',
    load: () => import('./commands/attach.ts'),
  },
  {
    names: [['kill'], ['container', 'kill']],
    summary: 'Kill one or more running containers',
    load: () => import('./commands/kill.ts'),
  },
  {
    names: [['pause'], ['container', 'pause']],
    summary: 'Pause all processes within one or more containers',
    load: () => import('./commands/pause.ts'),
  },
  {
    names: [['unpause'], ['container', 'unpause']],
    summary: 'Unpause all processes within one or more containers',
    load: () => import('./commands/unpause.ts'),
  },
  {
    names: [['top'], ['container', 'top']],
    summary: 'Display the running processes of a container',
    arguments: ['CONTAINER [ps OPTIONS]'],
    load: () => import('./commands/top.ts'),
  },
  {
    names: [['wait'], ['container', 'wait']],
    summary: 'Block until one or more containers stop, then print their exit codes',
    load: () => import('./commands/wait.ts'),
  },
  {
    names: [['rm'], ['container', 'rm'], ['container', 'remove']],
    summary: 'Remove one or more containers',
    load: () => import('./commands/rm.ts'),
  },
  {
    names: [['rename'], ['container', 'rename']],
    summary: 'Rename a container',
    arguments: ['CONTAINER NEW_NAME'],
    load: () => import('./commands/rename.ts'),
  },
  {
    names: [['ps'], ['container', 'ls'], ['container', 'list'], ['container', 'ps']],
    summary: 'List containers',
    load: () => import('./commands/ps.ts'),
  },
  {
    names: [['logs'], ['container', 'logs']],
    summary: 'Fetch the logs of a container',
    load: () => import('./commands/logs.ts'),
  },
  {
    names: [['cp'], ['container', 'cp']],
    summary: 'Copy files/folders between a container and the local filesystem, or out of an image',
    arguments: ['CONTAINER:SRC_PATH DEST_PATH|-', 'IMAGE:SRC_PATH DEST_PATH|-', 'SRC_PATH|- CONTAINER:DEST_PATH'],
    load: () => import('./commands/cp.ts'),
  },
  {
    names: [['diff'], ['container', 'diff']],
    summary: "Inspect changes to files or directories on a container's filesystem",
    load: () => import('./commands/diff.ts'),
  },
  {
    names: [['container', 'prune']],
    summary: 'Remove all stopped containers',
    load: () => import('./commands/container-prune.ts'),
  },
  {
    names: [['build'], ['image', 'build'], ['builder', 'build']],
    summary: 'Build an image from a Dockerfile',
    arguments: ['PATH | -'],
    load: () => import('./commands/build.ts'),
  },
  {
    names: [['images'], ['image', 'ls'], ['image', 'list']],
    summary: 'List images',
    arguments: ['[REPOSITORY[:TAG]]'],
    load: () => import('./commands/images.ts'),
  },
  {
    names: [['history'], ['image', 'history']],
    summary: 'Show the history of an image',
    load: () => import('./commands/history.ts'),
  },
  {
    names: [['image', 'files']],
    summary: 'List the files of an image, or the changes of one of its layers',
    load: () => import('./commands/image-files.ts'),
  },
  {
    names: [['image', 'cat']],
    summary: 'Print files of an image',
    load: () => import('./commands/image-cat.ts'),
  },
  {
    names: [['inspect'], ['image', 'inspect'], ['container', 'inspect']],
    summary: 'Return low-level information on containers and images',
    nounSummaries: {
      image: 'Display detailed information on one or more images',
      container: 'Display detailed information on one or more containers',
    },
    load: () => import('./commands/inspect.ts'),
  },
  {
    names: [['commit'], ['container', 'commit']],
    summary: "Create a new image from a container's changes",
    arguments: ['CONTAINER [REPOSITORY[:TAG]]'],
    load: () => import('./commands/commit.ts'),
  },
  {
    names: [['tag'], ['image', 'tag']],
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    arguments: ['SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]'],
    load: () => import('./commands/tag.ts'),
  },
  {
    names: [['rmi'], ['image', 'rm'], ['image', 'remove']],
    summary: 'Remove one or more images',
    load: () => import('./commands/rmi.ts'),
  },
  {
    names: [['image', 'prune']],
    summary: 'Remove unused images',
    load: () => import('./commands/image-prune.ts'),
  },
  {
    names: [['system', 'df']],
    summary: 'Show disk usage',
    load: () => import('./commands/system-df.ts'),
  },
  {
    names: [['system', 'check']],
    summary: 'Check every byte of the store against its digest',
    load: () => import('./commands/system-check.ts'),
  },
  {
    names: [['system', 'prune']],
    summary: 'Remove unused data',
    load: () => import('./commands/system-prune.ts'),
  },
  {
    names: [['builder', 'du']],
    summary: 'Show disk usage of the build cache',
    load: () => import('./commands/builder-du.ts'),
  },
  {
    names: [['builder', 'prune']],
    summary: 'Remove build cache',
    load: () => import('./commands/builder-prune.ts'),
  },
  {
    names: [['info'], ['system', 'info']],
    summary: 'Display system-wide information',
    load: () => import('./commands/info.ts'),
  },
  {
    names: [['version']],
    summary: 'Show the Strata version information',
    load: () => import('./commands/version.ts'),
  },
  {
    names: [['load'], ['image', 'load']],
    summary: 'Load an image from a tar archive, an OCI layout or STDIN',
    load: () => import('./commands/load.ts'),
  },
  {
    names: [['save'], ['image', 'save']],
    summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    load: () => import('./commands/save.ts'),
  },
  {
    names: [['export'], ['container', 'export']],
    summary: "Export a container's filesystem as a tar archive",
    load: () => import('./commands/export.ts'),
  },
  {
    names: [['import'], ['image', 'import']],
    summary: 'Import the contents from a tarball to create a filesystem image',
    arguments: ['file|- [REPOSITORY[:TAG]]'],
    load: () => import('./commands/import.ts'),
  },
  {
    names: [['completion']],
    summary: 'Generate the autocompletion script for the specified shell',
    load: () => import('./commands/completion.ts'),
  },
  {
    names: [['__complete']],
    summary: 'Print the completions of a line',
    load: () => import('./commands/complete.ts'),
    isInternal: true,
  },
];

// Docker's verbs, at the top and below a noun, with which Strata's are compared.
const topVerbs = `attach commit cp create diff events exec export import kill login logout logs pause port ps pull push
  rename restart rm save search start stats stop top unpause update wait compose manifest buildx swarm network volume
  plugin context trust node service stack secret config checkpoint`;
const nounVerbs: { readonly [noun: string]: string } = {
  image: 'import pull push save load tag prune',
  container: `attach commit cp create diff exec export inspect kill list logs ls pause port prune ps rename restart rm
    start stats stop top unpause update wait`,
  builder: 'prune',
  system: 'events dial-stdio prune df',
};

/** True for a verb that docker has, such as `pull` or `container ls`. Strata refuses those it lacks as not supported yet. */
export function isDockerVerb(verb: string): boolean {
  const [first = '', second] = verb.split(' ');
  return (second === undefined ? verbsOf(topVerbs) : verbsOf(nounVerbs[first] ?? '')).includes(second ?? first);
}

/** Returns docker's verbs that Strata lacks. */
export function missingVerbs(): string[] {
  const dockers = [
    ...verbsOf(topVerbs),
    ...Object.entries(nounVerbs).flatMap(([noun, verbs]) => verbsOf(verbs).map((verb) => `${noun} ${verb}`)),
  ];
  const supported = new Set(commandTable.flatMap(({ names }) => names.map((path) => path.join(' '))));
  return dockers.filter((verb) => !supported.has(verb));
}

const verbsOf = (text: string): readonly string[] => text.split(/\s+/);
