/** Flags of the program itself that set a setting, by its key in the configuration file. */
export const settingFlags: ReadonlyMap<string, string> = new Map([
  ['data-root', '--root'],
  ['storage-driver', '--storage-driver'],
]);
