// Lists or changes a tree that only a program in another mount namespace sees: `odd-tree.fixture.ts list|change
// FOLDER`.
import { listTree } from './list-tree.ts';
import { makeChanges } from './odd-tree.ts';

const [verb, folder = '.'] = process.argv.slice(2);
if (verb === 'change') makeChanges(folder);
else process.stdout.write(JSON.stringify(listTree(folder)));
