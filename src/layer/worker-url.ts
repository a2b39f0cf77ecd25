import { fileURLToPath, URL } from 'node:url';

// The sources run as they are, the library is compiled file by file, and the command is one bundle with its workers
// beside it: the worker always lies beside this module, with its extension.
const extension = /\.[cm]?[jt]s$/.exec(import.meta.url)?.[0] ?? '.js';

/** Where the worker of this folder is, as an absolute path. */
export const layerWorkerPath: string = fileURLToPath(new URL(`./layer-worker${extension}`, import.meta.url));
