// One of several processes on one store. Arguments: root, how many containers, how many at a time. Each is created, started,
// joined, stopped and removed; any failure is an uncaught error.
import assert from 'node:assert/strict';
import { Engine } from '../../../src/engine/index.ts';
import { lives } from './many-lives.ts';

const [root = '', count = '1', atOnce = '1'] = process.argv.slice(2);
await using engine = await Engine.open({ root });
const ids = await lives(engine, Number(count), Number(atOnce));
assert.equal(new Set(ids).size, Number(count));
