import { StrataError } from '../errors/index.ts';

/**
 * Numbers of calls made through syscall(2): glibc 2.28, the oldest that Node supports, lacks functions for most of them. From
 * 424 on all architectures share the same numbers.
 */
export interface SyscallNumbers {
  readonly statx: number;
  readonly renameat2: number;
  readonly mknodat: number;
  readonly getdents64: number;
  readonly copyFileRange: number;
  readonly openTree: number;
  readonly moveMount: number;
  readonly fsopen: number;
  readonly fsconfig: number;
  readonly fsmount: number;
  readonly pidfdSendSignal: number;
  readonly pidfdOpen: number;
  readonly closeRange: number;
  readonly openat2: number;
  readonly mountSetattr: number;
  readonly fchmodat2: number;
  readonly setxattrat: number;
  readonly getxattrat: number;
  readonly listxattrat: number;
  readonly removexattrat: number;
}

const common = {
  pidfdSendSignal: 424,
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  pidfdOpen: 434,
  closeRange: 436,
  openat2: 437,
  mountSetattr: 442,
  fchmodat2: 452,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
} as const;

const tables: { readonly [architecture: string]: SyscallNumbers } = {
  x64: { ...common, statx: 332, renameat2: 316, mknodat: 259, getdents64: 217, copyFileRange: 326 },
  arm64: { ...common, statx: 291, renameat2: 276, mknodat: 33, getdents64: 61, copyFileRange: 285 },
};

/**
 * Returns the numbers for an architecture, named as in `process.arch`.
 * @throws ERR_ARCHITECTURE_UNSUPPORTED
 */
export function syscallNumbers(architecture: string): SyscallNumbers {
  const table = tables[architecture];
  if (table) return table;
  throw new StrataError({
    code: 'ERR_ARCHITECTURE_UNSUPPORTED',
    message: `architecture ${architecture}: not supported`,
    hint: 'Run Strata on x86-64 or arm64.',
  });
}
