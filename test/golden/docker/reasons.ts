/** Reason why Strata answers differently from docker; it is proposed by itself for lines that match a pattern. */
export interface Reason {
  readonly text: string;
  readonly docker?: RegExp;
  readonly strata?: RegExp;
}

/** Reasons by name; the first with a matching pattern is proposed. */
export const reasons: Readonly<Record<string, Reason>> = {
  'not supported yet': {
    text: 'Docker has a feature that Strata names as not supported yet; or the difference follows from such a line before.',
    strata: /not supported yet/,
  },
  "Go's notation": {
    text: 'BuildKit writes the structure of a HEALTHCHECK into the history as Go shows it, with a number as an escape.',
    docker: /HEALTHCHECK &/,
    strata: /HEALTHCHECK \[/,
  },
  'signed by its maker': {
    text: 'The history names the builder of an image: `buildkit.dockerfile.v0` and `# buildkit` there, `strata.dockerfile.v0` here; an import by docker names its version, and its resolv.conf has docker’s notes around the requested lines.',
    docker: /buildkit\.dockerfile|# buildkit|DockerVersion/,
    strata: /strata\.dockerfile|DockerVersion/,
  },
  'digests of local images': {
    text: 'Every image has its manifest from the start, so its digest is known before a push; docker 26 without the containerd store learns it from a registry. Newer dockers know it, too.',
    docker: /RepoDigests|<none> {3}<\w/,
    strata: /RepoDigests|sha256:<id> {3}<\w/,
  },
  'removed fields': {
    text: 'VirtualSize is deprecated in docker 26 and removed since: it equals Size.',
    docker: /VirtualSize/,
    strata: /"UniqueSize":"N\/A"\}/,
  },
  'words of newer versions': {
    text: 'Docker and BuildKit have changed since docker 26: flags are written as they are typed, an empty Dockerfile is one without instructions, more than one source needs a folder, --time is --timeout.',
    docker: /unknown flag: \w|Invalid containerPort|the Dockerfile cannot be empty|"-t, --time" flag/,
    strata: /When using COPY with more than one source file/,
  },
  'says what is wrong': {
    text: 'Docker names a temporary file, an internal reference, an index or a bare exit code; the message here names the user’s input, and the position of the fault in it.',
    docker:
      /failed to calculate checksum|docker-import|unexpected EOF|invalid user index|did not complete successfully|is not a valid change command/,
  },
  'block devices': {
    text: 'BuildKit 0.13 copies a block device out of a stage as a character device of the same numbers.',
    docker: /character special file \d+ \S+ 7,0/,
    strata: /block special file/,
  },
  'symlinks to the root': {
    text: 'BuildKit 0.13 follows no symlink to `/` in a source of COPY --from; here it leads to the root of the stage.',
  },
  'links as copies': {
    text: 'Docker 26 without the containerd store treats COPY --link as COPY: an existing folder keeps its mode.',
  },
  'an unknown owner': {
    text: 'Docker gives files to root when --chown names a user that the image does not know; here that is an error.',
    strata: /unable to find user/,
  },
  'stages by number': {
    text: '--target takes the number of a stage as COPY --from does; docker takes names only.',
    docker: /target stage "\d+" could not be found/,
  },
  'no registry yet': {
    text: 'Docker looks for a missing image in a registry; Strata cannot pull yet and says that the image is not here.',
    docker: /<no network>/,
  },
  'the name in full': {
    text: 'An invalid name is refused in the same words everywhere; buildx and save have words of their own.',
    docker: /invalid tag|No such image: missing$/,
    strata: /invalid tag|No such image: missing:latest$/,
  },
  'arguments counted from both ends': {
    text: 'Docker ignores arguments after the last one it knows.',
    strata: /requires at least \d+ and at most/,
  },
  'words of buildx': {
    text: 'Docker 26 hands `builder` and `build` to a plugin with words and exit codes of its own; here they are those of docker itself.',
    docker: /Total:\t|invalid progress mode/,
  },
  'unknown verbs': {
    text: 'Docker prints the help of the noun for an unknown verb below it; Strata reports the verb.',
    strata: /is not a <program> command/,
  },
  'templates of version and info': {
    text: 'Docker reports a wrong template of `version` and `info` in other words than all others, and gives that of `version` a name.',
    docker: /versionInfo|dockerInfo/,
    strata: /versionInfo|dockerInfo/,
  },
  'templates fail alike': {
    text: 'Docker prints an empty line before the error of some templates, and has other words for some lists.',
    docker: /^stdout $|failed to execute template/,
  },
  'errors of exec': {
    text: 'Docker 26 writes the reason why a process could not join a container to the standard output of exec, with code 126 for every reason, 1 with -d; here it goes to standard error, with 127 for a missing program, as with run and with newer dockers.',
    docker: /stdout (?:OCI runtime exec failed|unable to find group)/,
  },
  'no chain of callers': {
    text: 'Docker puts additions of each program on the way to the runtime before the message; Strata has no such programs.',
    docker:
      /failed to create task for container|OCI runtime exec failed|cannot kill container|Error when allocating new name|failed to rename container /,
  },
  'no network of its own yet': {
    text: 'A container’s addresses in a network and docker’s bridge do not exist yet: containers that share the host’s network find the machine at its loopback address.',
    docker: /NetworkSettings\.|172\.17\.0\.1/,
    strata: /NetworkSettings\.|127\.0\.0\.1\tme/,
  },
  'in the order of paths': {
    text: 'Docker lists changes in the order in which it found them, which varies; Strata sorts them by path.',
  },
  'to mend': {
    text: 'A mistake: docker’s answer is the right one.',
  },
  'layers that docker forgets': {
    text: 'Docker keeps a layer for good when an archive with it was loaded twice.',
  },
};
