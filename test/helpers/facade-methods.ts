import type { Engine } from '../../src/engine/index.ts';

/** A method that takes any values, as a caller without a compiler passes them. */
export type Method = (...values: unknown[]) => unknown;

/** Returns every method of the facade with its name: those of the engine and of each noun, such as `engine.images`. */
export function methodsOf(engine: Engine): [name: string, method: Method][] {
  const members = Object.keys(engine).map((key): [string, unknown] => [key, engine[key as keyof Engine]]);
  return [['engine', engine] as const, ...members.filter(isNoun)].flatMap(([noun, target]) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(target)).flatMap((name): [string, Method][] => {
      const method: unknown = (target as { readonly [name: string]: unknown })[name];
      return name === 'constructor' || typeof method !== 'function'
        ? []
        : [[`${noun}.${name}`, (...values) => method.apply(target, values) as unknown]];
    }),
  );
}

const isNoun = (member: [string, unknown]): member is [string, object] =>
  typeof member[1] === 'object' && member[1] !== null && Object.getPrototypeOf(member[1]) !== Object.prototype;

/** Waits for the promise, the operation or the stream that a method returned; a stream is read to its end. */
export async function waitForReturned(returned: unknown): Promise<void> {
  if (typeof returned !== 'object' || returned === null) return;
  if ('result' in returned) await returned.result;
  else if (Symbol.asyncIterator in returned) for await (const _ of returned as AsyncIterable<unknown>);
  else await (returned as Promise<unknown>);
}
