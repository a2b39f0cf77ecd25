import { isActive } from '../../../containers/state.ts';
import { forgetOldExits } from '../../../containers/supervised/exits.ts';
import { exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { stateOf } from './state.ts';

/** Removes exit files a while after their containers ended or were removed. A start removes the container's own at once. */
export const forgetExits = ({ layout, metadata }: Store): void =>
  forgetOldExits(exitsOf(layout), (id) => {
    const record = metadata.containers.get(id);
    return record !== undefined && isActive(stateOf(record));
  });
