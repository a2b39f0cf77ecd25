/**
 * Where compiled code is kept between runs. Node's own choice is a folder in /tmp, which anybody may have made first;
 * whoever writes there runs code as the one who reads it, so only a folder of the caller's own will do. Root's does not
 * depend on HOME, which sudo may have left at somebody else's.
 */
export function compiledCodeFolder(uid: number, env: NodeJS.ProcessEnv): string | undefined {
  if (uid === 0) return '/var/cache/strata';
  // A relative path is to be ignored, says the XDG Base Directory Specification.
  const { XDG_CACHE_HOME: caches = '', HOME: home = '' } = env;
  if (caches.startsWith('/')) return `${caches}/strata`;
  return home.startsWith('/') ? `${home}/.cache/strata` : undefined;
}

/**
 * Lets Node keep compiled code: of all that a start costs, compiling is the part that can be saved. Does without where
 * the folder cannot be made or belongs to others. `NODE_COMPILE_CACHE` names another one.
 */
export function keepCompiledCode(env: NodeJS.ProcessEnv): void {
  const { enableCompileCache, getCompileCacheDir } = process.getBuiltinModule('node:module');
  const uid = process.getuid?.();
  if (uid === undefined || getCompileCacheDir() !== undefined) return;
  const folder = compiledCodeFolder(uid, env);
  if (folder !== undefined && isPrivate(folder, uid)) enableCompileCache(folder);
}

/** Whether nobody but `uid` can put files into a folder. Makes it when it is not there; false when that fails. */
export function isPrivate(folder: string, uid: number): boolean {
  const { existsSync, lstatSync, mkdirSync } = process.getBuiltinModule('node:fs');
  try {
    // Not `recursive`: below a symlink that leads nowhere Node would never come back.
    for (const path of [folder.slice(0, folder.lastIndexOf('/')), folder])
      if (!existsSync(path)) mkdirSync(path, 0o700);
    const stat = lstatSync(folder);
    return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
