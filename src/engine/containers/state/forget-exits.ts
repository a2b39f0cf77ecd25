import { isActive } from '../../../containers/state.ts';
import { forgetOldExits } from '../../../containers/supervised/exits.ts';
import { exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { stateOf } from './state.ts';

/** An exit file is taken away a while after the record says the same, or is gone; or before the next start. */
export const forgetExits = ({ layout, metadata }: Store): void =>
  forgetOldExits(exitsOf(layout), (id) => {
    const record = metadata.containers.get(id);
    return record !== undefined && isActive(stateOf(record));
  });
