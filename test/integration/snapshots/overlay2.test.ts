import { suite } from 'node:test';
import { Overlay2Snapshotter } from '../../../src/snapshots/drivers/overlay2/overlay2-snapshotter.ts';
import { openInMemory, snapshotterSuite } from '../../../src/testing/index.ts';
import { needs } from '../../helpers/needs.ts';
import { overlayDeviations } from '../../helpers/overlay-deviations.ts';

suite('overlay2', { skip: needs('root', 'overlay') }, () => {
  snapshotterSuite({
    name: 'overlay2',
    open: () => openInMemory(async (options) => new Overlay2Snapshotter(options)),
    // 127 is docker's limit, 128 the first above it; 300 and 500 do not fit into the page of options of mount(2).
    depths: [2, 127, 128, 129, 300, 500],
    layerLimit: 500,
    skip: overlayDeviations,
  });
});
