import { readdirSync } from 'node:fs';

/** Returns the names in a folder; empty when it cannot be read. */
export const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
