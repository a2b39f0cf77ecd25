// One of several processes on one store. Arguments: root, number of containers, how many at a time. Each container is
// created, started, joined, stopped and removed; any failure is an uncaught error.
import assert from 'node:assert/strict';
import { Engine } from '../../../src/engine/index.ts';
import { runLives } from './run-lives.ts';

const [root = '', count = '1', atOnce = '1'] = process.argv.slice(2);
await using engine = await Engine.open({ root });
const ids = await runLives(engine, Number(count), Number(atOnce));
assert.equal(new Set(ids).size, Number(count));
