// First file of the built command. It runs on any Node, so it uses nothing new before it has looked at the version.
import { runProgram } from './compiled-code.ts';

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`strata: needs Node 24 or later, this is ${process.versions.node}\n`);
  process.exitCode = 125;
} else {
  runProgram(import.meta.dirname, 'strata-main.cjs');
}
