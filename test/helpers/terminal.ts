import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { ReadStream } from 'node:tty';
import { libc } from '../../src/sys/libc.ts';
import { type StrataCommand, strataPath } from './strata.ts';
import { until } from './until.ts';

const TIOCGPTN = 0x80045430;
const TIOCSPTLCK = 0x40045431;
const TIOCSWINSZ = 0x5414;

/** A pseudo-terminal at whose other end the test types and reads, like a person. */
export class Terminal {
  readonly #master: number;
  readonly #slave: number;
  readonly #context: TestContext;
  readonly #before: Buffer;
  #seen = '';
  #read = 0;

  constructor(context: TestContext, rows = 24, columns = 80) {
    this.#context = context;
    this.#master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
    const number = Buffer.alloc(4);
    assert.equal(libc().ioctl(this.#master, TIOCSPTLCK, Buffer.alloc(4)), 0);
    assert.equal(libc().ioctl(this.#master, TIOCGPTN, number), 0);
    this.#slave = openSync(`/dev/pts/${number.readUInt32LE()}`, constants.O_RDWR | constants.O_NOCTTY);
    this.resize(rows, columns);
    this.#before = this.#settings();
    const output = new ReadStream(this.#master);
    output.on('data', (chunk: Buffer) => (this.#seen += chunk.toString('latin1')));
    context.after(() => {
      output.destroy();
      closeSync(this.#slave);
    });
  }

  /** Starts the command on this terminal; it is killed after the test. */
  start({ root }: StrataCommand, ...args: readonly string[]): ChildProcess {
    return this.startProgram([strataPath, ...args], { STRATA_ROOT: root });
  }

  /** Starts any program on this terminal; it is killed after the test. */
  startProgram(command: readonly string[], variables: Readonly<Record<string, string>> = {}): ChildProcess {
    const slave = this.#slave;
    const child = spawn('setsid', ['-c', ...command], {
      env: { ...process.env, ...variables, TERM: 'xterm' },
      stdio: [slave, slave, slave],
    });
    this.#context.after(() => child.kill('SIGKILL'));
    return child;
  }

  type(text: string): void {
    writeSync(this.#master, text);
  }

  /** Waits until `text` is shown, after the text of the last call. */
  async shows(text: string): Promise<void> {
    await until(
      () => this.#seen.includes(text, this.#read),
      () => `waited for ${JSON.stringify(text)}: ${JSON.stringify(this.#seen)}`,
    );
    this.#read = this.#seen.indexOf(text, this.#read) + text.length;
  }

  /** All output so far. */
  get seen(): string {
    return this.#seen;
  }

  resize(rows: number, columns: number): void {
    const size = Buffer.alloc(8);
    size.writeUInt16LE(rows, 0);
    size.writeUInt16LE(columns, 2);
    assert.equal(libc().ioctl(this.#master, TIOCSWINSZ, size), 0);
  }

  /** True when a program has changed the terminal's settings, as for raw input. */
  get isRaw(): boolean {
    return !this.#settings().equals(this.#before);
  }

  async becomesRaw(): Promise<void> {
    await until(
      () => this.isRaw,
      () => `waited for a raw terminal: ${this.#seen}`,
    );
  }

  /** Restores the settings, as reset(1) does after a killed program. */
  reset(): void {
    assert.equal(libc().tcsetattr(this.#slave, 0, this.#before), 0);
  }

  #settings(): Buffer {
    const settings = Buffer.alloc(256);
    assert.equal(libc().tcgetattr(this.#slave, settings), 0);
    return settings;
  }
}

/** Waits until a child ends and returns its exit code, or the signal. */
export const waitForExit = async (child: ChildProcess): Promise<number | string | null> =>
  await new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? child.signalCode);
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
