import { setPriority } from 'node:os';
import { emptyTrash, namesInTrash } from '../../metadata/trash.ts';
import { type HelperProgram, runHelper } from '../../sys/helper/run-helper.ts';

// The helper process of empty-trash-in-background.ts; its argument is the trash folder.

// Lower than usual, but high enough that it still runs on a busy machine.
const lowPriority = 10;
// Entries that remain after this many rounds cannot be deleted. One is not enough: other processes delete them, too.
const fruitlessRounds = 5;

class TrashEmptier implements HelperProgram {
  readonly #directory: string;
  #left = '';

  constructor(directory: string) {
    this.#directory = directory;
  }

  async work(signal: AbortSignal): Promise<void> {
    this.#left = this.#names();
    for (let fruitless = 0; this.#left !== '' && fruitless < fruitlessRounds; ) {
      await emptyTrash(this.#directory, { signal });
      const before = this.#left;
      this.#left = this.#names();
      fruitless = this.#left === before ? fruitless + 1 : 0;
    }
  }

  isNeeded(): boolean {
    const names = this.#names();
    return names !== '' && names !== this.#left;
  }

  #names(): string {
    return namesInTrash(this.#directory).sort().join('/');
  }
}

setPriority(lowPriority);
runHelper(([directory = '']) => new TrashEmptier(directory));
