export interface Example {
  readonly line: string;
  readonly text: string;
}

/** Shown below the help of a verb and in its manual page, by the first of the verb's names. */
export const examples: ReadonlyMap<string, readonly Example[]> = new Map([
  [
    'run',
    [
      { line: 'strata run -it --rm busybox', text: 'a shell at your terminal, gone when it ends' },
      { line: 'strata run -d --name web -v /srv/www:/www:ro busybox httpd -f -h /www', text: 'a server by itself' },
      { line: 'strata run --rm -m 256m --cpus 0.5 busybox make', text: 'a program with limits' },
    ],
  ],
  [
    'create',
    [
      {
        line: 'strata create --name web -v /srv/www:/www:ro busybox httpd -f -h /www',
        text: 'made now, started later',
      },
    ],
  ],
  [
    'start',
    [
      { line: 'strata start web db', text: 'two at once' },
      { line: 'strata start -ai sh', text: 'with your terminal, until it ends' },
    ],
  ],
  ['restart', [{ line: 'strata restart -t 3 web', text: 'killed if it does not stop within 3 seconds' }]],
  ['attach', [{ line: 'strata attach sh', text: 'ctrl-p ctrl-q leaves it running' }]],
  [
    'kill',
    [
      { line: 'strata kill web', text: 'at once' },
      { line: 'strata kill -s HUP web', text: 'a signal, such as one to read its configuration again' },
    ],
  ],
  ['pause', [{ line: 'strata pause web', text: 'its processes stand still until unpause' }]],
  ['unpause', [{ line: 'strata unpause web', text: 'they go on where they were' }]],
  [
    'top',
    [
      { line: 'strata top web', text: 'as ps -ef shows them' },
      { line: 'strata top web -o pid,rss,args', text: 'with columns of your choice' },
    ],
  ],
  ['wait', [{ line: 'strata wait job', text: 'prints the exit code once it has ended' }]],
  ['rename', [{ line: 'strata rename web web-old', text: 'makes the name free for another' }]],
  ['exec', [{ line: 'strata exec -it web sh', text: 'one more process in a running container' }]],
  [
    'ps',
    [
      { line: 'strata ps -as', text: 'all containers, and what each has written' },
      { line: 'strata ps -aq -f status=exited', text: 'IDs of those that have ended' },
    ],
  ],
  ['logs', [{ line: 'strata logs -f --tail 20 web', text: 'the last 20 lines, and all that follow' }]],
  ['diff', [{ line: 'strata diff web', text: 'A for added, C for changed, D for deleted' }]],
  [
    'container prune',
    [
      {
        line: 'strata container prune -f --filter until=24h',
        text: 'those made more than a day ago, without a question',
      },
    ],
  ],
  ['stop', [{ line: 'strata stop -t 3 web db', text: 'two at once; killed if they take more than 3 seconds' }]],
  ['rm', [{ line: 'strata rm -f web', text: 'also if it runs' }]],
  [
    'cp',
    [
      { line: 'strata cp web:/etc/passwd .', text: 'a file out' },
      { line: 'strata cp page.html web:/www/', text: 'a file in' },
      { line: 'strata cp busybox:1.36:/etc .', text: 'a folder out of an image, without a container' },
    ],
  ],
  [
    'build',
    [
      { line: 'strata build -t app .', text: 'from the Dockerfile of this folder' },
      { line: 'strata build -t app:2 -f app.Dockerfile --build-arg version=2 src', text: 'from another, with a value' },
    ],
  ],
  [
    'images',
    [
      { line: 'strata images --tree', text: 'which images share which layers' },
      { line: 'strata images -q -f dangling=true', text: 'IDs of those without a name' },
    ],
  ],
  [
    'image files',
    [
      { line: 'strata image files -l busybox /etc', text: 'what is in a folder, with mode, owner, size and time' },
      { line: 'strata image files --layer 3 app', text: 'what the third layer adds, changes and deletes' },
      {
        line: `strata image files --format '{{.Size}} {{.Layer}} {{.Path}}' app | sort -n`,
        text: 'the largest, and their layers',
      },
    ],
  ],
  [
    'image cat',
    [
      { line: 'strata image cat debian /etc/os-release', text: 'a file, without a container' },
      { line: 'strata image cat --layer 1 app /etc/passwd', text: 'as the base had it' },
    ],
  ],
  [
    'history',
    [
      { line: 'strata history app', text: 'each step, and what it added' },
      { line: 'strata history --no-trunc --format json app', text: 'whole commands, a line of JSON each' },
    ],
  ],
  ['commit', [{ line: "strata commit -m 'with vim' -c 'CMD [\"vim\"]' sh my/editor", text: 'with another command' }]],
  ['tag', [{ line: 'strata tag app app:1.0', text: 'a second name of the same image' }]],
  [
    'image prune',
    [
      { line: 'strata image prune', text: 'images without a name' },
      {
        line: 'strata image prune -af --filter until=240h',
        text: 'all that no container uses and are older than 10 days',
      },
    ],
  ],
  ['inspect', [{ line: "strata inspect -f '{{json .Config.Env}}' busybox", text: 'one part, as JSON' }]],
  ['rmi', [{ line: 'strata rmi app:1 app:2', text: 'two names; what only they held goes with them' }]],
  ['save', [{ line: 'strata save -o images.tar app busybox', text: 'two images in one archive' }]],
  [
    'load',
    [
      { line: 'strata load -i images.tar', text: 'from a file' },
      { line: 'docker save app | strata load', text: 'straight from docker' },
    ],
  ],
  ['export', [{ line: 'strata export web | tar -tf -', text: 'its files, without an archive on the disk' }]],
  ['import', [{ line: `strata import -c 'CMD ["/bin/sh"]' root.tar debian`, text: 'an image of a filesystem' }]],
  [
    'system df',
    [
      { line: 'strata system df', text: 'the rows add up to what du says' },
      { line: 'strata system df -v', text: 'each image, container and build step' },
    ],
  ],
  ['system check', [{ line: 'strata system check || echo damaged', text: 'exit code 1 when something is damaged' }]],
  ['system prune', [{ line: 'strata system prune -af', text: 'all that no container uses, build cache included' }]],
  ['builder du', [{ line: 'strata builder du', text: 'each cached step' }]],
  ['builder prune', [{ line: 'strata builder prune -f --keep-storage 2g', text: 'the oldest, until 2 GB are left' }]],
  ['info', [{ line: "strata info -f '{{.Driver}}'", text: 'one value' }]],
  ['version', [{ line: "strata version -f '{{.Client.Version}}'", text: 'one value' }]],
  [
    'completion',
    [
      { line: '. <(strata completion bash)', text: 'for this bash' },
      { line: 'strata completion bash >/etc/bash_completion.d/strata', text: 'for every bash, once' },
      { line: 'strata completion zsh >/usr/local/share/zsh/site-functions/_strata', text: 'for every zsh, once' },
      { line: 'strata completion fish >/etc/fish/completions/strata.fish', text: 'for every fish, once' },
    ],
  ],
]);

/** As help shows it, an empty line first. */
export function exampleText(verb: string): string {
  const shown = examples.get(verb) ?? [];
  if (shown.length === 0) return '';
  return ['', 'Examples:', ...shown.flatMap(({ line, text }) => [`  ${line}`, `      ${text}`])].join('\n');
}
