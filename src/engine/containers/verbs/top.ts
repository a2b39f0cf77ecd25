import { StrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { Store } from '../../../store/store.ts';
import { processesInControlGroup } from '../../../sys/control-groups.ts';
import { requireProgram } from '../../../sys/find-program.ts';
import { runProgram } from '../../../sys/run-program.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';
import { containerNotRunning } from '../state/failures.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { groupOf, isRunning } from '../state/state.ts';

/** Options of `containers.top`. */
export interface TopOptions extends AbortOptions {
  /** Options of ps(1). Default `-ef`. */
  readonly psOptions?: readonly string[] | undefined;
}

/** Output of ps(1). A row has as many fields as there are titles; the last may hold spaces. */
export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Lists the processes of a running container by the host's ps(1), with the host's pids. Throws ERR_CONTAINER_NOT_FOUND,
 * ERR_CONTAINER_NOT_RUNNING, ERR_PS for options that ps refuses or that leave out the PID, ERR_PROGRAM_MISSING.
 */
export async function topOfContainer(
  store: Store,
  name: string,
  { psOptions = [], signal }: TopOptions = {},
): Promise<ProcessTable> {
  const record = await findReconciled(store, name, { signal });
  if (!isRunning(store.metadata, record)) throw containerNotRunning(record.id);
  const ps = requireProgram('ps', 'procps');
  const pids = processesInControlGroup(groupOf(record));
  const requested = psOptions.length === 0 ? ['-ef'] : psOptions;
  // Without `-q` many options list the caller's own processes only. Some options cannot be combined with it.
  const chosen = await runProgram(ps, [...requested, `-q${pids.join(',')}`], { signal });
  const result = chosen.exitCode === 0 ? chosen : await runProgram(ps, requested, { signal });
  const output = result.stdout.toString('utf8');
  if (result.exitCode !== 0) {
    const [problem = ''] = (result.stderr.toString('utf8').trim() || output.trim()).split('\n', 1);
    throw psProblem(`ps: ${problem}`, 'Give options that ps of this machine knows.');
  }
  await noteContainerEvent(store.metadata, record, { action: 'top' });
  return rowsOf(output, new Set(pids));
}

function rowsOf(output: string, pids: ReadonlySet<number>): ProcessTable {
  const [header = '', ...lines] = output.split('\n');
  const titles = header.trim().split(/\s+/);
  const at = titles.indexOf('PID');
  if (at < 0) throw psProblem("Couldn't find PID field in ps output", 'Add a column PID to the options of ps.');
  const rows = lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    if (!pids.has(Number(fields[at]))) return [];
    return [[...fields.slice(0, titles.length - 1), fields.slice(titles.length - 1).join(' ')]];
  });
  return { titles, rows };
}

const psProblem = (problem: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_PS', message: problem.slice(0, 1000), hint });
