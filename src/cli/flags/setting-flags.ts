/** The flags of the program itself that set something, by the setting's key in the configuration file. */
export const settingFlags: ReadonlyMap<string, string> = new Map([
  ['data-root', '--root'],
  ['storage-driver', '--storage-driver'],
]);
