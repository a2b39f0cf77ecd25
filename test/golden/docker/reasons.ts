/** Reason why Strata answers differently from docker; it is proposed by itself for lines that match a pattern. */
export interface Reason {
  readonly text: string;
  readonly docker?: RegExp;
  readonly strata?: RegExp;
}

/** Reasons by name; the first with a matching pattern is proposed. */
export const reasons: Readonly<Record<string, Reason>> = {
  'not supported yet': {
    text: 'Docker has it, Strata does not have it yet and says so by name; or it follows from such a line before.',
    strata: /not supported yet/,
  },
  "Go's notation": {
    text: 'BuildKit writes the structure of a HEALTHCHECK into the history as Go shows it, with a number as an escape.',
    docker: /HEALTHCHECK &/,
    strata: /HEALTHCHECK \[/,
  },
  'signed by its maker': {
    text: 'The history says who built an image: `buildkit.dockerfile.v0` and `# buildkit` there, `strata.dockerfile.v0` here; an import by docker names its version, and its resolv.conf has notes of docker’s around what was asked for.',
    docker: /buildkit\.dockerfile|# buildkit|DockerVersion/,
    strata: /strata\.dockerfile|DockerVersion/,
  },
  'digests of what is local': {
    text: 'Every image has its manifest from the start, so its digest is known before a push; docker 26 without the containerd store learns it from a registry. Newer dockers know it, too.',
    docker: /RepoDigests|<none> {3}<\w/,
    strata: /RepoDigests|sha256:<id> {3}<\w/,
  },
  'fields that went': {
    text: 'Deprecated in docker 26 and gone since: VirtualSize is Size.',
    docker: /VirtualSize/,
    strata: /"UniqueSize":"N\/A"\}/,
  },
  'words of newer versions': {
    text: 'Docker and BuildKit have changed it since docker 26: flags are written as they are typed, an empty Dockerfile is one without instructions, more than one source needs a folder, --time is --timeout.',
    docker: /unknown flag: \w|Invalid containerPort|the Dockerfile cannot be empty|"-t, --time" flag/,
    strata: /When using COPY with more than one source file/,
  },
  'says what is wrong': {
    text: 'Docker names a temporary file, an internal reference, an index or a bare exit code; the message here names what the user gave, and where in it the fault lies.',
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
    text: 'Docker 26 without the containerd store makes of COPY --link a COPY: a folder that stands keeps its mode.',
  },
  'an owner nobody knows': {
    text: 'Docker gives files to root when --chown names a user that the image does not know; here that is an error.',
    strata: /unable to find user/,
  },
  'stages by number': {
    text: '--target takes the number of a stage as COPY --from does; docker takes names only.',
    docker: /target stage "\d+" could not be found/,
  },
  'no registry yet': {
    text: 'Docker looks for an image it does not have in a registry; Strata cannot pull yet and says that it is not here.',
    docker: /<no network>/,
  },
  'the name in full': {
    text: 'A name that cannot be is refused in the same words everywhere; buildx and save have words of their own.',
    docker: /invalid tag|No such image: missing$/,
    strata: /invalid tag|No such image: missing:latest$/,
  },
  'arguments counted from both ends': {
    text: 'Docker ignores what stands behind the last argument it knows.',
    strata: /requires at least \d+ and at most/,
  },
  'words of buildx': {
    text: 'Docker 26 hands `builder` and `build` to a plugin with words and exit codes of its own; here they are those of docker itself.',
    docker: /Total:\t|invalid progress mode/,
  },
  'an unknown verb is told': {
    text: 'Below a noun docker answers an unknown verb with the help of the noun.',
    strata: /is not a <program> command/,
  },
  'templates of version and info': {
    text: 'Docker tells of a template of `version` and `info` in other words than of all others, and gives that of `version` a name.',
    docker: /versionInfo|dockerInfo/,
    strata: /versionInfo|dockerInfo/,
  },
  'templates fail alike': {
    text: 'Docker prints an empty line before the error of some templates, and has other words for some lists.',
    docker: /^stdout $|failed to execute template/,
  },
  'errors of exec': {
    text: 'Docker 26 writes why a process could not join a container to the standard output of exec, and 126 is its code for all of it, 1 with -d; here it is standard error, and 127 for a program that is not there, as with run and with newer dockers.',
    docker: /stdout (?:OCI runtime exec failed|unable to find group)/,
  },
  'no chain of callers': {
    text: 'Docker puts before the message what each program on the way to the runtime has to add; there is no such way here.',
    docker:
      /failed to create task for container|OCI runtime exec failed|cannot kill container|Error when allocating new name|failed to rename container /,
  },
  'no network of its own yet': {
    text: 'What a container has in a network, and the address of docker’s bridge, are not there yet: the machine is at its loopback, for those who share it.',
    docker: /NetworkSettings\.|172\.17\.0\.1/,
    strata: /NetworkSettings\.|127\.0\.0\.1\tme/,
  },
  'in the order of paths': {
    text: 'Docker lists changes in the order in which it came upon them, which is not always the same; here they stand by path.',
  },
  'to mend': {
    text: 'A mistake: the answer to give is docker’s.',
  },
  'layers that docker forgets': {
    text: 'Docker keeps a layer for good when an archive with it was loaded twice.',
  },
};
