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
  ['exec', [{ line: 'strata exec -it web sh', text: 'one more process in a running container' }]],
  [
    'ps',
    [
      { line: 'strata ps -as', text: 'all containers, and what each has written' },
      { line: 'strata ps -aq -f status=exited', text: 'IDs of those that have ended' },
    ],
  ],
  ['logs', [{ line: 'strata logs -f --tail 20 web', text: 'the last 20 lines, and all that follow' }]],
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
  ['import', [{ line: `strata import -c 'CMD ["/bin/sh"]' root.tar debian`, text: 'an image of a filesystem' }]],
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
