import fc from 'fast-check';
import { runSeed } from './random.ts';

// Otherwise a property that is not quite true fails one run in many, and somebody else's.
fc.configureGlobal({ seed: runSeed() });

export { fc };
