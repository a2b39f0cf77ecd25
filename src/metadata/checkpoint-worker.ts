import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';
import { Connection } from './connection.ts';
import { closeKeepingLog } from './open-reader.ts';

// A worker thread, see checkpoints.ts; its data is the path of the database, which it does not create.
const path = String(workerData);
const url = pathToFileURL(path);
url.search = 'mode=rw';
const connection = new Connection(url, { timeoutMs: 0 });
connection.exec('PRAGMA synchronous = FULL');
const outcome = connection.get('PRAGMA wal_checkpoint(PASSIVE)');
// The first transaction of a new log flushes its header. Write one here, so that no main thread waits for that flush.
if (outcome?.['log'] === outcome?.['checkpointed'])
  connection.exec("UPDATE state SET value = value WHERE name = 'boot'");
// This may be the last connection: the process that started the thread may have closed its own by now.
closeKeepingLog(connection, path);
