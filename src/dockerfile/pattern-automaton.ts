/** One position of a pattern. Code points are compared, so `?` takes a whole character. */
export interface PatternStep {
  readonly accepts: (code: number) => boolean;
  /** Stays at this step after accepting (`*`). */
  readonly loops: boolean;
  /** Numbers of steps that may be skipped without reading anything: `[1]` for `*`. */
  readonly skips: readonly number[];
}

const none: readonly number[] = [];

export const literalStep = (code: number): PatternStep => ({
  accepts: (found) => found === code,
  loops: false,
  skips: none,
});
export const oneStep = (accepts: (code: number) => boolean): PatternStep => ({ accepts, loops: false, skips: none });
export const manyStep = (accepts: (code: number) => boolean): PatternStep => ({ accepts, loops: true, skips: [1] });

/**
 * Runs a pattern over text in at most `steps × text` operations: all positions that the pattern can be at advance
 * together, so nothing is tried twice. A backtracking `RegExp` takes exponential time on patterns like `*a*a*a*b`, and
 * patterns and texts may be hostile.
 */
export class PatternAutomaton {
  readonly #steps: readonly PatternStep[];
  /** Current positions in the pattern; swapped with `#next` per code point. */
  #active: number[] = [];
  #next: number[] = [];
  /** Round in which a position was last added, so that none is added twice. */
  readonly #added: Uint32Array;
  #round = 0;

  constructor(steps: readonly PatternStep[]) {
    this.#steps = steps;
    this.#added = new Uint32Array(steps.length + 1);
  }

  /** Returns the end of the shortest or longest match that starts at `from`, or -1. */
  matchFrom(codes: readonly number[], from: number, extent: 'shortest' | 'longest'): number {
    this.#begin();
    let end = -1;
    for (let index = from; ; index++) {
      if (this.#isComplete()) {
        end = index;
        if (extent === 'shortest') return end;
      }
      if (index >= codes.length || this.#active.length === 0) return end;
      this.#advance(codes[index] as number);
    }
  }

  /** True when the pattern matches the text as a whole. */
  matches(codes: readonly number[]): boolean {
    this.#begin();
    for (const code of codes) {
      if (this.#active.length === 0) return false;
      this.#advance(code);
    }
    return this.#isComplete();
  }

  /** Returns 1 for every index at which some match ends, starting anywhere before. */
  matchEnds(codes: readonly number[]): Uint8Array {
    const ends = new Uint8Array(codes.length + 1);
    this.#begin();
    for (let index = 0; ; index++) {
      if (this.#isComplete()) ends[index] = 1;
      if (index >= codes.length) return ends;
      this.#advance(codes[index] as number);
      this.#enter(this.#active, 0);
    }
  }

  #begin(): void {
    this.#active.length = 0;
    this.#newRound();
    this.#enter(this.#active, 0);
  }

  #newRound(): void {
    if (this.#round === 0xffffffff) {
      this.#added.fill(0);
      this.#round = 0;
    }
    this.#round++;
  }

  #isComplete(): boolean {
    return this.#added[this.#steps.length] === this.#round;
  }

  #advance(code: number): void {
    this.#newRound();
    this.#next.length = 0;
    for (const position of this.#active) {
      const step = this.#steps[position];
      if (step?.accepts(code)) this.#enter(this.#next, step.loops ? position : position + 1);
    }
    [this.#active, this.#next] = [this.#next, this.#active];
  }

  /** Adds a position and all that can be reached from it without reading; no recursion, since patterns may be long. */
  #enter(positions: number[], position: number): void {
    let unseen = positions.length;
    this.#add(positions, position);
    for (; unseen < positions.length; unseen++) {
      const at = positions[unseen] as number;
      for (const skip of this.#steps[at]?.skips ?? none) this.#add(positions, at + skip);
    }
  }

  #add(positions: number[], position: number): void {
    if (this.#added[position] === this.#round) return;
    this.#added[position] = this.#round;
    positions.push(position);
  }
}
