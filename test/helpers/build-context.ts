import type { TestContext } from 'node:test';
import { folderWith } from './build-folder.ts';

/** Makes a folder with a Dockerfile of these lines and these files, and removes it after the test. */
export const buildContext = (
  context: TestContext,
  dockerfile: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string => folderWith(context, { Dockerfile: `${dockerfile.join('\n')}\n`, ...files });
