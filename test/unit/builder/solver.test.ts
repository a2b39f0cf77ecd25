import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Solver } from '../../../src/builder/solver/solver.ts';
import { stepKey } from '../../../src/builder/solver/step-key.ts';
import type {
  Cached,
  CacheStore,
  OpContext,
  Result,
  SavedStep,
  SolveEvent,
  Vertex,
} from '../../../src/builder/solver/types.ts';
import { makeVertex } from '../../../src/builder/solver/vertex.ts';

interface Toy extends Result {
  readonly value: string;
}

/** A counting cache in memory, with locks that really wait. */
class ToyCache implements CacheStore<Toy> {
  /** Results by every key that leads to them. */
  readonly saved = new Map<string, Cached<Toy>>();
  readonly steps: SavedStep[] = [];
  readonly held = new Set<string>();
  waits = 0;

  async find(key: string): Promise<Cached<Toy> | undefined> {
    return this.saved.get(key);
  }

  async save(step: SavedStep, result: Toy): Promise<void> {
    const { key, definitionKey } = step;
    this.steps.push(step);
    for (const each of [key, definitionKey]) if (each !== undefined) this.saved.set(each, { key, result });
  }

  async addKey(cached: Cached<Toy>, key: string): Promise<void> {
    this.saved.set(key, cached);
  }

  async lock(key: string, { signal }: { readonly signal?: AbortSignal | undefined }): Promise<AsyncDisposable> {
    while (this.held.has(key)) {
      this.waits++;
      await sleep(1, undefined, signal ? { signal } : {});
    }
    this.held.add(key);
    return { [Symbol.asyncDispose]: async () => void this.held.delete(key) };
  }
}

interface ToyContext extends OpContext {
  readonly key: string;
}

interface ToyOptions {
  readonly inputs?: readonly Vertex<Toy>[];
  readonly ignoreCache?: boolean;
  /** Definition that enters the key; the name by default. */
  readonly digest?: string;
  readonly isKeyedByDefinition?: boolean;
  readonly exec?: (inputs: readonly Toy[], context: ToyContext) => Promise<Toy>;
  /** Returns the content that enters the key instead of the inputs' identities. */
  readonly reads?: (inputs: readonly Toy[]) => Promise<string>;
}

/** A step that joins its inputs' values with its own name. */
class ToyStep implements Vertex<Toy> {
  readonly digest: string;
  readonly name: string;
  readonly inputs: readonly Vertex<Toy>[];
  readonly ignoreCache: boolean;
  keyed = 0;
  runs = 0;
  readonly op: Vertex<Toy>['op'];
  readonly #exec: ToyOptions['exec'];

  constructor(name: string, options: ToyOptions = {}) {
    this.digest = name;
    this.#exec = options.exec;
    this.name = name;
    this.inputs = options.inputs ?? [];
    this.ignoreCache = options.ignoreCache ?? false;
    this.op = {
      definition: options.digest ?? name,
      isKeyedByDefinition: options.isKeyedByDefinition ?? false,
      key: async (inputs, { signal, log }) => {
        this.keyed++;
        const read = options.reads ? [{ identity: await options.reads(inputs) }] : inputs;
        const key = stepKey(this.op.definition, read);
        return { digest: key, exec: async () => await this.#run(inputs, { signal, log, key }) };
      },
    };
  }

  async #run(inputs: readonly Toy[], context: ToyContext): Promise<Toy> {
    this.runs++;
    if (this.#exec) return await this.#exec(inputs, context);
    return { identity: context.key, value: [...inputs.map(({ value }) => value), this.name].join('+') };
  }
}

const solverFor = (
  cache: CacheStore<Toy>,
  signal: AbortSignal = new AbortController().signal,
  report?: (event: SolveEvent<Toy>) => void,
): Solver<Toy> => new Solver<Toy>({ cache, signal, ...(report ? { report } : {}) });

test('a step that several stand on runs once', async () => {
  const base = new ToyStep('base');
  const left = new ToyStep('left', { inputs: [base] });
  const right = new ToyStep('right', { inputs: [base] });
  const top = new ToyStep('top', { inputs: [left, right] });
  const { value } = await solverFor(new ToyCache()).solve(top);
  assert.equal(value, 'base+left+base+right+top');
  assert.deepEqual([base.runs, left.runs, right.runs, top.runs], [1, 1, 1, 1]);
});

test('inputs are worked on side by side', async () => {
  let running = 0;
  let most = 0;
  const exec = async (): Promise<Toy> => {
    most = Math.max(most, ++running);
    await sleep(5);
    running--;
    return { identity: 'x', value: 'x' };
  };
  const inputs = ['a', 'b', 'c'].map((name) => new ToyStep(name, { exec }));
  await solverFor(new ToyCache()).solve(new ToyStep('top', { inputs }));
  assert.equal(most, 3);
});

test('a step built before is a hit, also for another solver, and nothing runs', async () => {
  const cache = new ToyCache();
  const chain = (): ToyStep[] => {
    const one = new ToyStep('one');
    const two = new ToyStep('two', { inputs: [one] });
    return [one, two];
  };
  const [, first] = chain();
  await solverFor(cache).solve(first!);
  const states: string[] = [];
  const again = chain();
  const result = await solverFor(cache, undefined, (event) => {
    if (event.type === 'step') states.push(`${event.vertex.name} ${event.step.state}`);
  }).solve(again[1]!);
  assert.equal(result.value, 'one+two');
  assert.deepEqual(
    again.map(({ runs }) => runs),
    [0, 0],
  );
  assert.deepEqual(states, ['one unkeyed', 'one keyed', 'one hit', 'two unkeyed', 'two keyed', 'two hit']);
});

test('another digest is a miss, for the step and for all that stand on it', async () => {
  const cache = new ToyCache();
  const build = async (digest: string): Promise<number[]> => {
    const one = new ToyStep('one', { digest });
    const two = new ToyStep('two', { inputs: [one] });
    await solverFor(cache).solve(two);
    return [one.runs, two.runs];
  };
  assert.deepEqual(await build('x'), [1, 1]);
  assert.deepEqual(await build('x'), [0, 0]);
  assert.deepEqual(await build('y'), [1, 1]);
  assert.deepEqual(await build('x'), [0, 0]);
});

test('ignoreCache runs the step despite a saved result, and replaces the result', async () => {
  const cache = new ToyCache();
  let count = 0;
  const exec = async (_inputs: readonly Toy[], { key }: ToyContext): Promise<Toy> => ({
    identity: key,
    value: String(++count),
  });
  const solve = async (ignoreCache: boolean): Promise<string> =>
    (await solverFor(cache).solve(new ToyStep('one', { exec, ignoreCache }))).value;
  assert.equal(await solve(false), '1');
  assert.equal(await solve(true), '2');
  assert.equal(await solve(false), '2');
});

test('early cut-off: a changed step that makes the same again ends the changes there', async () => {
  const cache = new ToyCache();
  const build = async (digest: string): Promise<number[]> => {
    // The output has the same identity for every digest.
    const same = new ToyStep('same', { digest, exec: async () => ({ identity: 'the same', value: 'same' }) });
    const top = new ToyStep('top', { inputs: [same] });
    await solverFor(cache).solve(top);
    return [same.runs, top.runs];
  };
  assert.deepEqual(await build('x'), [1, 1]);
  assert.deepEqual(await build('y'), [1, 0]);
});

test('a step run again with a different result changes the keys of the steps above it', async () => {
  const cache = new ToyCache();
  let count = 0;
  const build = async (): Promise<number> => {
    const random = new ToyStep('random', {
      ignoreCache: true,
      exec: async () => ({ identity: `made ${++count}`, value: 'random' }),
    });
    const top = new ToyStep('top', { inputs: [random] });
    await solverFor(cache).solve(top);
    return top.runs;
  };
  assert.equal(await build(), 1);
  assert.equal(await build(), 1);
});

test('a key may name what the operation reads of an input, not the input: run again with the same content, it hits', async () => {
  const cache = new ToyCache();
  let count = 0;
  const build = async (content: string): Promise<number> => {
    const run = new ToyStep('run', {
      ignoreCache: true,
      exec: async () => ({ identity: `made ${++count}`, value: content }),
    });
    const copy = new ToyStep('copy', { inputs: [run], reads: async ([made]) => made?.value ?? '' });
    await solverFor(cache).solve(copy);
    return copy.runs;
  };
  assert.equal(await build('the same'), 1);
  assert.equal(await build('the same'), 0);
  assert.equal(await build('something else'), 1);
  assert.equal(count, 3);
});

test('a definition that decides the output is a second key: what was found by it reads nothing', async () => {
  const cache = new ToyCache();
  let made = 'made 1';
  const build = async (content: string): Promise<number[]> => {
    const run = new ToyStep('run', { ignoreCache: true, exec: async () => ({ identity: made, value: content }) });
    const reads = async ([input]: readonly Toy[]): Promise<string> => input?.value ?? '';
    const copy = new ToyStep('copy', { inputs: [run], isKeyedByDefinition: true, reads });
    const { identity } = await solverFor(cache).solve(copy);
    assert.equal(identity, stepKey('copy', [{ identity: content }]));
    return [copy.keyed, copy.runs];
  };
  assert.deepEqual(await build('content'), [1, 1]);
  assert.deepEqual(await build('content'), [0, 0], 'the same output of the step below');
  made = 'made 2';
  assert.deepEqual(await build('content'), [1, 0], 'another output with the same content');
  assert.deepEqual(await build('content'), [0, 0], 'which is known from then on');
});

test('a result is saved with the keys and identities of its inputs', async () => {
  const cache = new ToyCache();
  const from = new ToyStep('from');
  const solver = solverFor(cache);
  solver.give(from, { identity: 'image', value: '' });
  const one = new ToyStep('one', { inputs: [from], exec: async () => ({ identity: 'made', value: '' }) });
  await solver.solve(new ToyStep('top', { inputs: [one, from] }));
  const keyOfOne = stepKey('one', [{ identity: 'image' }]);
  assert.deepEqual(
    cache.steps.map(({ name, inputs }) => ({ name, inputs })),
    [
      { name: 'one', inputs: [{ key: undefined, identity: 'image' }] },
      {
        name: 'top',
        inputs: [
          { key: keyOfOne, identity: 'made' },
          { key: undefined, identity: 'image' },
        ],
      },
    ],
  );
});

test('vertices are named by content: equal steps on equal inputs are one vertex and run once', async () => {
  const toy = new ToyStep('toy');
  const make = (definition: string, ...inputs: Vertex<Toy>[]): Vertex<Toy> =>
    makeVertex({ name: definition, inputs, op: { ...toy.op, definition } });
  const base = make('base');
  assert.equal(make('step', base).digest, make('step', make('base')).digest);
  const different = [
    make('step', base),
    make('other', base),
    make('step'),
    make('step', base, base),
    make('step', make('step', base)),
    make('step', make('step', base), base),
    make('step', base, make('step', base)),
  ];
  assert.equal(new Set(different.map(({ digest }) => digest)).size, different.length);
  await solverFor(new ToyCache()).solve(make('top', make('step', base), make('step', make('base'))));
  assert.equal(toy.keyed, 3);
});

test('a result given is neither run nor cached', async () => {
  const cache = new ToyCache();
  const from = new ToyStep('from');
  const solver = solverFor(cache);
  solver.give(from, { identity: 'image', value: 'image' });
  const { value } = await solver.solve(new ToyStep('top', { inputs: [from] }));
  assert.equal(value, 'image+top');
  assert.equal(from.keyed + from.runs, 0);
  assert.equal(cache.saved.size, 1);
});

test('two vertices of one key are one flight: the second waits and hits', async () => {
  const cache = new ToyCache();
  let running = 0;
  const exec = async (_inputs: readonly Toy[], { key }: ToyContext): Promise<Toy> => {
    assert.equal(++running, 1);
    await sleep(5);
    running--;
    return { identity: key, value: 'x' };
  };
  const twins = ['a', 'b'].map((name) => new ToyStep(name, { digest: 'equal', exec }));
  await solverFor(cache).solve(new ToyStep('top', { inputs: twins }));
  assert.equal(twins[0]!.runs + twins[1]!.runs, 1);
  assert.ok(cache.waits > 0);
});

test('a failure ends steps that run beside it, and is the one reported', async () => {
  const cache = new ToyCache();
  let stopped = false;
  const slow = new ToyStep('slow', {
    exec: async (_inputs, { signal }) => {
      try {
        // Rejects with its own AbortError, not with the signal's reason.
        await sleep(60_000, undefined, { signal });
      } finally {
        stopped = true;
      }
      throw new Error('unreachable');
    },
  });
  const failing = new ToyStep('failing', {
    exec: async () => {
      await sleep(5);
      throw new Error('broken');
    },
  });
  const top = new ToyStep('top', { inputs: [slow, failing] });
  const states = new Map<string, string>();
  const solving = solverFor(cache, undefined, (event) => {
    if (event.type === 'step') states.set(event.vertex.name, event.step.state);
  }).solve(top);
  await assert.rejects(solving, /broken/);
  assert.ok(stopped, 'it had ended before the failure was told');
  assert.equal(top.keyed, 0);
  assert.equal(cache.held.size, 0);
  assert.equal(cache.saved.size, 0);
  assert.deepEqual(Object.fromEntries(states), { slow: 'canceled', failing: 'failed' });
});

test('one step fails: those that stop beside it, each in its way, or had not begun, are canceled', async () => {
  const states = new Map<string, string>();
  const endedBy = Promise.withResolvers<void>();
  const stopping = (name: string, error: Error): ToyStep =>
    new ToyStep(name, {
      exec: async (_inputs, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw error;
      },
    });
  const failing = new ToyStep('failing', {
    exec: async () => {
      await endedBy.promise;
      throw new Error('broken');
    },
  });
  const killed = stopping('killed', new Error('exit code: 137'));
  const waiting = new ToyStep('waiting');
  const above = new ToyStep('above', { inputs: [waiting] });
  const solver = new Solver<Toy>({
    cache: new ToyCache(),
    signal: new AbortController().signal,
    atOnce: 2,
    report: (event) => {
      if (event.type !== 'step') return;
      states.set(event.vertex.name, event.step.state);
      if (event.vertex.name === 'waiting' && event.step.state === 'keyed') endedBy.resolve();
    },
  });
  await assert.rejects(solver.solve(new ToyStep('top', { inputs: [failing, killed, above] })), /broken/);
  assert.deepEqual(Object.fromEntries(states), { failing: 'failed', killed: 'canceled', waiting: 'canceled' });
  assert.equal(waiting.runs, 0);
});

test('an abort ends everything with its reason, leaves no lock and no result', async () => {
  const cache = new ToyCache();
  const controller = new AbortController();
  const reason = new Error('enough');
  const waiting = new ToyStep('waiting', {
    exec: async (_inputs, { signal }) => {
      setTimeout(() => controller.abort(reason), 2);
      await sleep(60_000, undefined, { signal });
      throw new Error('unreachable');
    },
  });
  const states = new Map<string, string>();
  const solver = solverFor(cache, controller.signal, (event) => {
    if (event.type === 'step') states.set(event.vertex.name, event.step.state);
  });
  await assert.rejects(solver.solve(new ToyStep('top', { inputs: [waiting] })), (error) => error === reason);
  assert.deepEqual(Object.fromEntries(states), { waiting: 'canceled' });
  assert.equal(cache.held.size, 0);
  assert.equal(cache.saved.size, 0);
  const late = new ToyStep('late');
  await assert.rejects(solver.solve(late), (error) => error === reason);
  assert.equal(late.keyed, 0);
});

test('an abort reaches a step that waits for another process', async () => {
  const cache = new ToyCache();
  const controller = new AbortController();
  const step = new ToyStep('step');
  cache.held.add(stepKey('step', []));
  const solving = solverFor(cache, controller.signal).solve(step);
  await sleep(5);
  controller.abort();
  await assert.rejects(solving, { name: 'AbortError' });
  assert.equal(step.runs, 0);
});

test('a failing key fails the step before anything is locked', async () => {
  const cache = new ToyCache();
  const step = new ToyStep('step', {
    reads: async () => {
      throw new Error('no such file');
    },
  });
  await assert.rejects(solverFor(cache).solve(step), /no such file/);
  assert.equal(step.runs, 0);
  assert.equal(cache.held.size, 0);
});

test('a chain of 20,000 steps does not overflow the stack', async () => {
  let top = new ToyStep('0', { exec: async (_inputs, { key }) => ({ identity: key, value: '' }) });
  for (let count = 1; count < 20_000; count++) {
    top = new ToyStep(String(count), {
      inputs: [top],
      exec: async (_inputs, { key }) => ({ identity: key, value: '' }),
    });
  }
  await solverFor(new ToyCache()).solve(top);
  assert.equal(top.runs, 1);
});

test('a key depends on the operation, and on which inputs stand in which order', () => {
  const of = (...identities: string[]): Toy[] => identities.map((identity) => ({ identity, value: '' }));
  const keys = [
    stepKey('a', []),
    stepKey('b', []),
    stepKey('a', of('x')),
    stepKey('a', of('x', 'y')),
    stepKey('a', of('y', 'x')),
    stepKey('a', of('xy')),
  ];
  assert.equal(new Set(keys).size, keys.length);
});
