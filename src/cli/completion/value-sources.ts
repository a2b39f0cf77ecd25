/** A kind of value that is looked up in a store or on the machine at each completion. */
export type LiveSource =
  | 'container'
  | 'running container'
  | 'resting container'
  | 'paused container'
  | 'container path'
  | 'container or image path'
  | 'image'
  | 'container or image'
  | 'capability'
  | 'variable'
  | 'storage driver';

/** Origin of a value: a fixed list, a live source, the verbs, the shell's own paths, or free text without completions. */
export type ValueSource = readonly string[] | LiveSource | 'verb' | 'file' | 'folder' | 'text';

const words = (text: string): readonly string[] => text.split(' ');

const signals = words('SIGHUP SIGINT SIGQUIT SIGKILL SIGUSR1 SIGUSR2 SIGTERM SIGCONT SIGSTOP SIGWINCH');
const platforms = words('linux/amd64 linux/arm64');
const formats = ['json'];

/** By the long name of a flag, with a verb before it where that verb differs. */
const ofFlags: ReadonlyMap<string, ValueSource> = new Map<string, ValueSource>(
  Object.entries({
    '--add-host': 'text',
    '--annotation': 'text',
    '--attach': words('stdin stdout stderr'),
    '--author': 'text',
    '--build-arg': 'variable',
    '--cap-add': 'capability',
    '--cap-drop': 'capability',
    '--cgroup-parent': 'text',
    '--change': words('CMD ENTRYPOINT ENV EXPOSE LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR'),
    '--cidfile': 'file',
    '--config': 'file',
    '--cpu-period': 'text',
    '--cpu-quota': 'text',
    '--cpu-shares': 'text',
    '--cpus': 'text',
    '--cpuset-cpus': 'text',
    '--cpuset-mems': 'text',
    '--detach-keys': 'text',
    '--device': 'file',
    '--dns': 'text',
    '--dns-option': 'text',
    '--dns-search': 'text',
    '--domainname': 'text',
    '--entrypoint': 'text',
    '--env': 'variable',
    '--env-file': 'file',
    '--file': 'file',
    '--filter': words('until= label='),
    'ps --filter': words(
      'ancestor= before= exited= id= label= name= network= since= volume= status=created status=running status=paused status=exited status=dead',
    ),
    'images --filter': words('before= dangling=true dangling=false label= reference= since= until='),
    'image prune --filter': words('dangling=true dangling=false label= until='),
    '--format': formats,
    '--group-add': 'text',
    '--hostname': 'text',
    '--iidfile': 'file',
    '--input': 'file',
    '--ipc': words('private host none'),
    '--keep-storage': 'text',
    '--label': 'text',
    '--label-file': 'file',
    '--last': 'text',
    '--layer': 'text',
    '--log-driver': words('json-file local none'),
    '--log-opt': ['max-size='],
    '--memory': 'text',
    '--memory-reservation': 'text',
    '--memory-swap': 'text',
    '--message': 'text',
    '--mount': words('type=bind,source= type=tmpfs,target='),
    '--name': 'text',
    '--network': words('none host'),
    'build --network': words('default none host'),
    '--oom-score-adj': 'text',
    '--output': 'file',
    '--pid': words('private host'),
    '--pids-limit': 'text',
    '--platform': platforms,
    '--progress': words('auto plain tty json'),
    '--pull': words('missing never'),
    'build --pull': words('missing never always'),
    '--restart': ['no'],
    '--root': 'folder',
    '--runtime': ['runc'],
    '--security-opt': words('no-new-privileges seccomp= seccomp=unconfined systempaths=unconfined'),
    '--shm-size': 'text',
    '--signal': signals,
    '--since': 'text',
    '--stop-signal': signals,
    '--stop-timeout': 'text',
    '--storage-driver': 'storage driver',
    '--sysctl': 'text',
    '--tag': 'image',
    '--tail': ['all'],
    '--target': 'text',
    '--timeout': 'text',
    '--tmpfs': 'text',
    '--type': words('container image'),
    '--ulimit': words('core= cpu= data= fsize= memlock= nofile= nproc= stack='),
    '--until': 'text',
    '--user': 'text',
    '--userns': ['host'],
    '--uts': words('private host'),
    '--volume': 'file',
    '--workdir': 'text',
  }),
);

/** By the name of an argument, with a verb before it where that verb differs. */
const ofArguments: ReadonlyMap<string, ValueSource> = new Map<string, ValueSource>(
  Object.entries({
    command: 'text',
    container: 'container',
    'attach container': 'running container',
    'exec container': 'running container',
    'kill container': 'running container',
    'pause container': 'running container',
    'start container': 'resting container',
    'stop container': 'running container',
    'top container': 'running container',
    'unpause container': 'paused container',
    'wait container': 'running container',
    destination: 'container path',
    file: 'file',
    image: 'image',
    new_name: 'text',
    path: 'text',
    'build path': 'folder',
    'name|id': 'container or image',
    'ps-options': 'text',
    repository: 'image',
    shell: words('bash zsh fish'),
    source: 'container or image path',
    source_image: 'image',
    target_image: 'image',
    verb: 'verb',
  }),
);

/** The keys of both tables. */
export const sourceKeys: readonly string[] = [...ofFlags.keys(), ...ofArguments.keys()];

/** Returns the source of a flag's or an argument's values. `verb` is a verb's first name, `name` the flag's long name. */
export const valueSource = (verb: string, name: string): ValueSource | undefined => {
  const table = name.startsWith('--') ? ofFlags : ofArguments;
  return table.get(`${verb} ${name}`) ?? table.get(name);
};
