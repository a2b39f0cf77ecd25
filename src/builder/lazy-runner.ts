import type { Runner, RunRequest } from './runner.ts';

/** Loads what runs containers when a step is run: a build whose steps are all in the cache needs none of it. */
export class LazyRunner implements Runner, AsyncDisposable {
  readonly #load: () => Promise<Runner & Disposable>;
  #loaded: Promise<Runner & Disposable> | undefined;

  constructor(load: () => Promise<Runner & Disposable>) {
    this.#load = load;
  }

  async run(request: RunRequest): Promise<{ readonly exitCode: number }> {
    this.#loaded ??= this.#load();
    return await (await this.#loaded).run(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#loaded)?.[Symbol.dispose]();
  }
}
