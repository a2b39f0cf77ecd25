// First file of the built command. It must run on any Node, so it uses no new feature before the check of the version.
import { runProgram } from './compiled-code.ts';

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`strata: needs Node 24 or later, this is ${process.versions.node}\n`);
  process.exitCode = 125;
} else {
  runProgram(import.meta.dirname, 'strata-main.cjs');
}
