import type { Hooks } from './test-file.ts';

const stacks = new WeakMap<Hooks, AsyncDisposableStack>();

/** Closes a resource at the end of a test. The last one given is closed first: an image before its engine. */
export function closeAfter<Resource extends AsyncDisposable>(context: Hooks, resource: Resource): Resource {
  let stack = stacks.get(context);
  if (stack === undefined) {
    const made = new AsyncDisposableStack();
    stack = made;
    stacks.set(context, made);
    context.after(() => made.disposeAsync());
  }
  return stack.use(resource);
}
