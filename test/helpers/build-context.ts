import type { TestContext } from 'node:test';
import { folderWith } from './build-folder.ts';

/** A folder with a Dockerfile of these lines and these files, gone after the test. */
export const buildContext = (
  context: TestContext,
  dockerfile: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string => folderWith(context, { Dockerfile: `${dockerfile.join('\n')}\n`, ...files });
