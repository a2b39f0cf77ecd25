import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isStrataError } from '../../errors/index.ts';
import { mountHidden } from '../../snapshots/mount-hidden.ts';
import { append, remove, write } from '../tree-changes.ts';
import type { LayerCase } from './layer-case.ts';
import { type MountTree, SnapshotterBench, type SnapshotterSubject } from './snapshotter-bench.ts';
import { snapshotterIssues } from './snapshotter-issues.ts';
import { snapshotterOperations } from './snapshotter-operations.ts';
import { snapshotterStates } from './snapshotter-states.ts';

/** Options of {@link snapshotterSuite}. */
export interface SnapshotterSuiteOptions {
  /** The driver's name, for the titles of the tests. */
  readonly name: string;
  /** Opens an empty snapshotter; called once a test. */
  readonly open: () => Promise<SnapshotterSubject>;
  /** Default: `mountHidden`. */
  readonly mount?: MountTree;
  /** Numbers of stacked layers at which the tree is read. Default 2, 10, 40. */
  readonly depths?: readonly number[];
  /**
   * The driver's layer limit, if it has one: one layer more must be ERR_LAYER_LIMIT. It must be the largest of
   * `depths`.
   */
  readonly layerLimit?: number;
  /**
   * Known deviations: the title of a test, and the reason why the driver cannot pass it. A title that names no test
   * fails the suite.
   */
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
    assert.deepEqual(await bench.tree(id), writable, 'the commit changed the tree');
    below.push({ id, tree: writable });
  }
  assert.deepEqual(below.at(-1)?.tree, expected);

  const view = await bench.snapshotter.view(parentOf(), { lease: bench.lease });
  assert.deepEqual(await bench.tree(view.id), expected, 'a view shows another tree');
  const child = await bench.prepare(parentOf());
  assert.deepEqual(await bench.tree(child.id), expected, 'a snapshot on top shows another tree');
  for (const [index, { id, tree }] of below.entries()) {
    assert.deepEqual(await bench.tree(id), tree, `layer ${index} was changed by a layer above`);
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
  await bench.withMount(child.id, async (root) => {
    assert.deepEqual(readdirSync(root).sort(), ['every', ...names].sort());
    assert.equal(readFileSync(join(root, 'every'), 'utf8'), `${names.length}`);
    for (const name of names) assert.equal(readFileSync(join(root, name), 'utf8'), name.slice('only'.length));
    await append('only1', '+')(root);
    await remove('every')(root);
  });
  await bench.withMount(child.id, (root) => {
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
 * Registers the tests of `node:test` that every storage driver must pass: each copy-on-write operation, the states of a
 * snapshot, many layers, and the faults that earlier drivers had. Needs root.
 *
 * @example snapshotterSuite({ name: 'mine', open: () => openInMemory((options) => mine.open(options)) });
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
    for (const operation of snapshotterOperations) check(operation.title, (bench) => runLayers(bench, operation));
    for (const issue of snapshotterIssues) check(issue.title, (bench) => runLayers(bench, issue));
    for (const { title, run } of snapshotterStates) check(title, run);
    test('many layers', { skip: reasons.get('many layers') ?? false }, async (context) => {
      await using subject = await options.open();
      const bench = await SnapshotterBench.open(subject, mount);
      const top = await readDeep(bench, options.depths ?? [2, 10, 40], context);
      const { layerLimit } = options;
      if (layerLimit !== undefined)
        await context.test('the layer above the limit', () => checkLimit(bench, top, layerLimit));
    });
    test('every known deviation names a test', () => {
      assert.deepEqual(
        [...reasons.keys()].filter((title) => !known.has(title)),
        [],
      );
    });
  });
}
