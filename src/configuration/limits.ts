/** Largest size of a configuration file, in bytes. */
export const maxConfigurationBytes: number = 1 << 20;
