/**
 * Largest Dockerfile. Docker accepts one gRPC message, 16 MiB; reading that much would block everything else for
 * seconds.
 */
export const maxDockerfileBytes: number = 4 << 20;

/** Most instructions. Each becomes an entry of the image's history, and a config of more than 8 MiB is refused. */
export const maxInstructions: number = 1 << 16;

/** Bytes of one line without its newline: the limit of the scanner BuildKit reads with. */
export const maxLineBytes: number = 65535;

/**
 * UTF-16 units that variables may add to one word. The kernel refuses an environment string above 128 KiB, and
 * `ENV A=$A$A` doubles with every line.
 */
export const maxExpansion: number = 1 << 20;

/** `${a:-${b:-…}}`: how deep substitutions may nest before the call stack would be at risk. */
export const maxSubstitutionDepth = 200;

/** Pattern length × text length of one `${v#pattern}` or `${v/pattern/text}`. */
export const maxPatternWork: number = 1 << 25;

/** Entries one EXPOSE may name: every port of every protocol. */
export const maxPorts: number = 3 * 65536;

/** Bytes of an ignore file. */
export const maxIgnoreFileBytes: number = 10 << 20;

/** Patterns that one matcher may hold: every path of the context meets every one of them. */
export const maxPatterns = 100_000;
