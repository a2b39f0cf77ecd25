import type { Runner, RunnerRequest } from './runner.ts';

/** Loads the runner when the first step is run: a build with all steps in the cache needs none. */
export class LazyRunner implements Runner, AsyncDisposable {
  readonly #load: () => Promise<Runner & Disposable>;
  #loaded: Promise<Runner & Disposable> | undefined;

  constructor(load: () => Promise<Runner & Disposable>) {
    this.#load = load;
  }

  async run(request: RunnerRequest): Promise<{ readonly exitCode: number }> {
    this.#loaded ??= this.#load();
    return await (await this.#loaded).run(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#loaded)?.[Symbol.dispose]();
  }
}
