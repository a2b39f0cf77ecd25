import fc from 'fast-check';
import { runSeed } from './random.ts';

// A random seed would let a property that is almost true fail once in many runs, after an unrelated change.
fc.configureGlobal({ seed: runSeed() });

export { fc };
