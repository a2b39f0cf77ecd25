export interface Example {
  readonly line: string;
  readonly text: string;
}

/** Examples in the help and the manual page of a verb, by its first name. */
export const examples: ReadonlyMap<string, readonly Example[]> = new Map([
  [
    'run',
    [
      { line: 'strata run -it --rm busybox', text: 'Run a shell, and remove the container when it exits' },
      {
        line: 'strata run -d --name web -v /srv/www:/www:ro busybox httpd -f -h /www',
        text: 'Run a server in the background, with a read-only bind mount',
      },
      { line: 'strata run --rm -m 256m --cpus 0.5 busybox make', text: 'Run a program with limits of memory and CPU' },
    ],
  ],
  [
    'create',
    [
      {
        line: 'strata create --name web -v /srv/www:/www:ro busybox httpd -f -h /www',
        text: 'Create a container to start later',
      },
    ],
  ],
  [
    'start',
    [
      { line: 'strata start web db', text: 'Start two containers' },
      { line: 'strata start -ai sh', text: 'Start a container and attach to it' },
    ],
  ],
  [
    'restart',
    [
      {
        line: 'strata restart -t 3 web',
        text: 'Restart a container, and kill it if it does not stop within 3 seconds',
      },
    ],
  ],
  [
    'attach',
    [{ line: 'strata attach sh', text: 'Attach to a container; ctrl-p ctrl-q detaches and leaves it running' }],
  ],
  [
    'kill',
    [
      { line: 'strata kill web', text: 'Kill a container' },
      { line: 'strata kill -s HUP web', text: 'Send another signal, here to reload a configuration' },
    ],
  ],
  ['pause', [{ line: 'strata pause web', text: 'Suspend all processes of a container' }]],
  ['unpause', [{ line: 'strata unpause web', text: 'Resume the processes' }]],
  [
    'top',
    [
      { line: 'strata top web', text: 'Show the processes as ps -ef does' },
      { line: 'strata top web -o pid,rss,args', text: 'Choose the columns' },
    ],
  ],
  ['wait', [{ line: 'strata wait job', text: 'Wait for a container and print its exit code' }]],
  ['rename', [{ line: 'strata rename web web-old', text: 'Free the name for another container' }]],
  ['exec', [{ line: 'strata exec -it web sh', text: 'Open a shell in a running container' }]],
  [
    'ps',
    [
      { line: 'strata ps -as', text: 'List all containers with their sizes' },
      { line: 'strata ps -aq -f status=exited', text: 'Print the IDs of exited containers' },
    ],
  ],
  ['logs', [{ line: 'strata logs -f --tail 20 web', text: 'Print the last 20 lines and follow the output' }]],
  ['diff', [{ line: 'strata diff web', text: 'List added (A), changed (C) and deleted (D) files' }]],
  [
    'container prune',
    [
      {
        line: 'strata container prune -f --filter until=24h',
        text: 'Remove containers created more than a day ago, without a prompt',
      },
    ],
  ],
  ['stop', [{ line: 'strata stop -t 3 web db', text: 'Stop two containers at once, and kill them after 3 seconds' }]],
  ['rm', [{ line: 'strata rm -f web', text: 'Remove a running container' }]],
  [
    'cp',
    [
      { line: 'strata cp web:/etc/passwd .', text: 'Copy a file out of a container' },
      { line: 'strata cp page.html web:/www/', text: 'Copy a file into a container' },
      { line: 'strata cp busybox:1.36:/etc .', text: 'Copy a directory out of an image, without a container' },
    ],
  ],
  [
    'build',
    [
      { line: 'strata build -t app .', text: 'Build from the Dockerfile in this directory' },
      {
        line: 'strata build -t app:2 -f app.Dockerfile --build-arg version=2 src',
        text: 'Build from another Dockerfile, with a build argument',
      },
    ],
  ],
  [
    'images',
    [
      { line: 'strata images --tree', text: 'Show the layers that images share' },
      { line: 'strata images -q -f dangling=true', text: 'Print the IDs of images without a name' },
    ],
  ],
  [
    'image files',
    [
      { line: 'strata image files -l busybox /etc', text: 'List a directory with mode, owner, size and time' },
      { line: 'strata image files --layer 3 app', text: 'List the changes of the third layer' },
      {
        line: `strata image files --format '{{.Size}} {{.Layer}} {{.Path}}' app | sort -n`,
        text: 'Sort files by size, with their layers',
      },
    ],
  ],
  [
    'image cat',
    [
      { line: 'strata image cat debian /etc/os-release', text: 'Print a file, without a container' },
      { line: 'strata image cat --layer 1 app /etc/passwd', text: 'Print the file of the base layer' },
    ],
  ],
  [
    'history',
    [
      { line: 'strata history app', text: 'Show each step and the size of its layer' },
      { line: 'strata history --no-trunc --format json app', text: 'Print complete commands, as a line of JSON each' },
    ],
  ],
  [
    'commit',
    [
      {
        line: "strata commit -m 'with vim' -c 'CMD [\"vim\"]' sh my/editor",
        text: 'Create an image with another command',
      },
    ],
  ],
  ['tag', [{ line: 'strata tag app app:1.0', text: 'Give an image a second name' }]],
  [
    'image prune',
    [
      { line: 'strata image prune', text: 'Remove images without a name' },
      {
        line: 'strata image prune -af --filter until=240h',
        text: 'Remove all unused images older than 10 days',
      },
    ],
  ],
  ['inspect', [{ line: "strata inspect -f '{{json .Config.Env}}' busybox", text: 'Print one field as JSON' }]],
  ['rmi', [{ line: 'strata rmi app:1 app:2', text: 'Remove two names, and the layers that no other image uses' }]],
  ['save', [{ line: 'strata save -o images.tar app busybox', text: 'Save two images to one archive' }]],
  [
    'load',
    [
      { line: 'strata load -i images.tar', text: 'Load from a file' },
      { line: 'docker save app | strata load', text: 'Load an image from docker' },
    ],
  ],
  [
    'export',
    [{ line: 'strata export web | tar -tf -', text: 'List the files of a container, without an archive on disk' }],
  ],
  [
    'import',
    [{ line: `strata import -c 'CMD ["/bin/sh"]' root.tar debian`, text: 'Create an image from a filesystem' }],
  ],
  [
    'system df',
    [
      { line: 'strata system df', text: 'Show disk usage; the rows add up to the total of du' },
      { line: 'strata system df -v', text: 'Show each image, container and build step' },
    ],
  ],
  [
    'system check',
    [
      {
        line: 'strata system check || echo damaged',
        text: 'Check the store; the exit code is 1 if anything is damaged',
      },
    ],
  ],
  ['system prune', [{ line: 'strata system prune -af', text: 'Remove all unused data, build cache included' }]],
  ['builder du', [{ line: 'strata builder du', text: 'List the cached steps' }]],
  [
    'builder prune',
    [
      {
        line: 'strata builder prune -f --keep-storage 2g',
        text: 'Remove the least recently used cache until 2 GB are left',
      },
    ],
  ],
  ['info', [{ line: "strata info -f '{{.Driver}}'", text: 'Print one value' }]],
  ['version', [{ line: "strata version -f '{{.Client.Version}}'", text: 'Print one value' }]],
  [
    'completion',
    [
      { line: '. <(strata completion bash)', text: 'Enable completion in this shell' },
      { line: 'strata completion bash >/etc/bash_completion.d/strata', text: 'Install completion for bash' },
      {
        line: 'strata completion zsh >/usr/local/share/zsh/site-functions/_strata',
        text: 'Install completion for zsh',
      },
      { line: 'strata completion fish >/etc/fish/completions/strata.fish', text: 'Install completion for fish' },
    ],
  ],
]);

/** Formats the examples of a verb for its help, with an empty line first. */
export function exampleText(verb: string): string {
  const shown = examples.get(verb) ?? [];
  if (shown.length === 0) return '';
  return ['', 'Examples:', ...shown.flatMap(({ line, text }) => [`  ${line}`, `      ${text}`])].join('\n');
}
