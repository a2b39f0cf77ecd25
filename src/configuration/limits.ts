/** Limit of the size of a configuration file. */
export const maxConfigurationBytes: number = 1 << 20;
