import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isStrataError } from '../../errors/index.ts';
import { mountHidden } from '../../snapshots/mount-hidden.ts';
import { append, remove, write } from '../tree-changes.ts';
import type { LayerCase } from './layer-case.ts';
import { type MountTree, SnapshotterBench, type SnapshotterSubject } from './snapshotter-bench.ts';
import { historicIssues } from './snapshotter-issues.ts';
import { layerOperations } from './snapshotter-operations.ts';
import { snapshotterStates } from './snapshotter-states.ts';

export interface SnapshotterSuiteOptions {
  readonly name: string;
  /** Called once a test. */
  readonly open: () => Promise<SnapshotterSubject>;
  /** Default: out of sight, as `mountHidden` does. */
  readonly mount?: MountTree;
  /** Numbers of layers, one on the other, to read through. Default 2, 10, 40. */
  readonly depths?: readonly number[];
  /** The number of layers beyond which the driver says ERR_LAYER_LIMIT, if it has one; it must be the largest depth. */
  readonly layerLimit?: number;
  /** Known deviations: the title of a test, and why the driver cannot pass it. A title that names no test fails the suite. */
  readonly skip?: readonly { readonly test: string; readonly reason: string }[];
}

async function runLayers(bench: SnapshotterBench, { layers, expected }: LayerCase): Promise<void> {
  const below: { readonly id: string; readonly tree: readonly string[] }[] = [];
  const parentOf = (): string | undefined => below.at(-1)?.id;
  for (const changes of layers) {
    const { id } = await bench.prepare(parentOf());
    await bench.change(id, changes);
    const writable = await bench.tree(id);
    await bench.snapshotter.commit(id, { lease: bench.lease, durable: false });
    assert.deepEqual(await bench.tree(id), writable, 'committed, the tree is another than before');
    below.push({ id, tree: writable });
  }
  assert.deepEqual(below.at(-1)?.tree, expected);

  const view = await bench.snapshotter.view(parentOf(), { lease: bench.lease });
  assert.deepEqual(await bench.tree(view.id), expected, 'a view shows another tree');
  const child = await bench.prepare(parentOf());
  assert.deepEqual(await bench.tree(child.id), expected, 'a snapshot on top shows another tree');
  for (const [index, { id, tree }] of below.entries()) {
    assert.deepEqual(await bench.tree(id), tree, `layer ${index} was changed by what stands on it`);
  }
}

async function readDeep(bench: SnapshotterBench, depths: readonly number[], context: TestContext): Promise<string> {
  let top: string | undefined;
  const names: string[] = [];
  for (let depth = 1; depth <= Math.max(...depths); depth++) {
    top = await bench.quickLayer([write('every', `${depth}`), write(`only${depth}`, `${depth}`)], top);
    names.push(`only${depth}`);
    if (depths.includes(depth)) await context.test(`${depth} layers`, () => checkDeep(bench, top, names));
  }
  assert.ok(top !== undefined);
  return top;
}

async function checkDeep(bench: SnapshotterBench, top: string | undefined, names: readonly string[]): Promise<void> {
  const child = await bench.prepare(top);
  await bench.mounted(child.id, async (root) => {
    assert.deepEqual(readdirSync(root).sort(), ['every', ...names].sort());
    assert.equal(readFileSync(join(root, 'every'), 'utf8'), `${names.length}`);
    for (const name of names) assert.equal(readFileSync(join(root, name), 'utf8'), name.slice('only'.length));
    await append('only1', '+')(root);
    await remove('every')(root);
  });
  await bench.mounted(child.id, (root) => {
    assert.deepEqual(readdirSync(root).sort(), [...names].sort());
    assert.equal(readFileSync(join(root, 'only1'), 'utf8'), '1+');
  });
  await bench.snapshotter.remove(child.id, { lease: bench.lease });
}

async function checkLimit(bench: SnapshotterBench, top: string, limit: number): Promise<void> {
  const { id } = await bench.prepare(top);
  const before = bench.ids();
  await assert.rejects(bench.snapshotter.commit(id, { lease: bench.lease, durable: false }), (error) => {
    assert.ok(isStrataError(error, 'ERR_LAYER_LIMIT'), String(error));
    assert.match(error.message, new RegExp(`\\b${limit + 1}\\b.*\\b${limit}\\b`));
    return true;
  });
  assert.deepEqual(bench.ids(), before);
  assert.equal(bench.snapshotter.stat(id).kind, 'active');
}

/**
 * What every storage driver has to do, as tests of `node:test`: each copy-on-write operation, the states of a snapshot,
 * many layers, and the faults that drivers of the past had.
 */
export function snapshotterSuite(options: SnapshotterSuiteOptions): void {
  const reasons = new Map((options.skip ?? []).map((entry) => [entry.test, entry.reason]));
  const known = new Set(['many layers']);
  const { mount = mountHidden } = options;
  const check = (title: string, run: (bench: SnapshotterBench) => Promise<void>): void => {
    known.add(title);
    test(title, { skip: reasons.get(title) ?? false }, async () => {
      await using subject = await options.open();
      await run(await SnapshotterBench.open(subject, mount));
    });
  };
  describe(`snapshotter ${options.name}`, () => {
    for (const operation of layerOperations) check(operation.title, (bench) => runLayers(bench, operation));
    for (const issue of historicIssues) check(issue.title, (bench) => runLayers(bench, issue));
    for (const { title, run } of snapshotterStates) check(title, run);
    test('many layers', { skip: reasons.get('many layers') ?? false }, async (context) => {
      await using subject = await options.open();
      const bench = await SnapshotterBench.open(subject, mount);
      const top = await readDeep(bench, options.depths ?? [2, 10, 40], context);
      const { layerLimit } = options;
      if (layerLimit !== undefined)
        await context.test('the layer beyond the limit', () => checkLimit(bench, top, layerLimit));
    });
    test('every known deviation names a test', () => {
      assert.deepEqual(
        [...reasons.keys()].filter((title) => !known.has(title)),
        [],
      );
    });
  });
}
