import { isActive } from '../../../containers/state.ts';
import { forgetOldExits } from '../../../containers/supervised/exits.ts';
import { type ContainerParts, exitsOf } from './parts.ts';
import { stateOf } from './state.ts';

/** An exit file is taken away a while after the record says the same, or is gone; or before the next start. */
export const forgetExits = ({ layout, metadata }: Pick<ContainerParts, 'layout' | 'metadata'>): void =>
  forgetOldExits(exitsOf(layout), (id) => {
    const record = metadata.containers.get(id);
    return record !== undefined && isActive(stateOf(record));
  });
