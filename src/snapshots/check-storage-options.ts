import { StrataError } from '../errors/index.ts';

/** Refuses options that the storage driver does not have; no driver has any yet. Throws ERR_STORAGE_OPTION_UNKNOWN. */
export function checkStorageOptions(driver: string, [option]: readonly string[]): void {
  if (option === undefined) return;
  throw new StrataError({
    code: 'ERR_STORAGE_OPTION_UNKNOWN',
    message: `storage option ${option.slice(0, 100)}: unknown to ${driver === 'auto' ? 'every storage driver' : driver}`,
    hint: 'Leave it out: no driver has options.',
  });
}
