import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';
import { Connection } from './connection.ts';
import { closeKeepingLog } from './open-reader.ts';

// A thread of its own, see checkpoints.ts; its data is the path of the database, which it does not make.
const path = String(workerData);
const url = pathToFileURL(path);
url.search = 'mode=rw';
const connection = new Connection(url, { timeoutMs: 0 });
connection.exec('PRAGMA synchronous = FULL');
const outcome = connection.get('PRAGMA wal_checkpoint(PASSIVE)');
// The first transaction of a new log flushes its header before it goes on: better here than on somebody's main thread.
if (outcome?.['log'] === outcome?.['checkpointed'])
  connection.exec("UPDATE state SET value = value WHERE name = 'boot'");
// Whoever opened the database may be gone by now.
closeKeepingLog(connection, path);
