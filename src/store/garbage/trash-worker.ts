import { setPriority } from 'node:os';
import { emptyTrash, namesInTrash } from '../../metadata/trash.ts';
import { type HelperProgram, runHelper } from '../../sys/helper/run-helper.ts';

// The helper that empty-trash-in-background.ts keeps; its argument is the trash folder.
// Behind all others, but not so far that it never comes to its turn on a busy machine.
const low = 10;
// Others that empty the trash get in the way at times; what stays through this many rounds cannot be deleted.
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

setPriority(low);
runHelper(([directory = '']) => new TrashEmptier(directory));
