import { initial } from './0001-initial.ts';
import { containerDefinition } from './0002-container-definition.ts';
import { buildKeys } from './0003-build-keys.ts';
import { transfers } from './0004-transfers.ts';
import { events } from './0005-events.ts';
import type { Migration } from './migration.ts';

/** All migrations, in order. The version of the last one is the format that this program writes. */
export const migrations: readonly Migration[] = [initial, containerDefinition, buildKeys, transfers, events];
