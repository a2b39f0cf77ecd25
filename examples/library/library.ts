// Works with images from build to removal: node library.ts STORE CONTEXT
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from 'strata-oci';
import { isStrataError } from 'strata-oci/errors';
import { appendLayer, layerOfFiles } from 'strata-oci/images';

const [root = '/var/lib/strata', context = join(import.meta.dirname, '../hello-world')] = process.argv.slice(2);
const archive = join(root, 'hello.tar');

// At the end of the scope the engine is closed and releases everything it holds.
await using engine = await Engine.open({ root });

// Long work returns an Operation: it has events, a result, and a disposal that cancels it.
await using build = engine.builder.build({ context, tags: ['example/hello:1'] });
for await (const event of build) {
  if (event.type === 'step') console.log(`${event.vertex.name}: ${event.step.state}`);
}
const { id } = await build.result;
console.log(`built ${id}`);

await engine.images.tag('example/hello:1', 'example/hello:latest');
const { config, sizeBytes } = await engine.images.inspect(id);
console.log(`${sizeBytes} bytes for ${config.os}/${config.architecture}`);
const { steps } = await engine.images.history(id);
for (const { entry, sizeBytes: added } of steps)
  console.log(`${added ?? 'unknown'} bytes by ${entry.created_by ?? ''}`);

// Looks into an image and makes another image of it, without a container. The image stays open until the end of the
// block.
{
  await using image = await engine.images.open(id);
  for await (const { path, sizeBytes: bytes } of image.files())
    console.log(`${bytes} bytes in /${Buffer.from(path).toString()}`);
  const layer = await layerOfFiles([{ kind: 'file', path: 'etc/motd', content: 'made by a program\n' }]);
  const appended = await engine.images.store(await appendLayer(image, layer), { tags: ['example/appended'] }).result;
  console.log(`appended ${appended.id}`);
}

// The output of a container arrives as events. A slow reader slows the container down.
await using run = engine.containers.run({ image: id, name: 'example' });
for await (const event of run) {
  if (event.type === 'output') process.stdout.write(event.chunk);
}
console.log(`exit code ${(await run.result).exitCode}`);
const committed = await engine.containers.commit('example', {
  reference: 'example/changed',
  message: 'made by a program',
  changes: ['LABEL example=yes'],
}).result;
console.log(`committed ${committed.id}`);

// An aborted signal cancels the work, and nothing of it stays.
try {
  await engine.images.save({ images: [id], output: archive, signal: AbortSignal.abort() }).result;
} catch (error) {
  console.log(`cancelled: ${error instanceof Error ? error.name : String(error)}`);
}

await engine.images.save({ images: ['example/hello'], output: archive }).result;
await engine.containers.prune();
for (const image of ['example/hello:1', 'example/hello', 'example/changed', 'example/appended'])
  await engine.images.remove(image);
await using load = engine.images.load({ input: archive });
for await (const event of load) if (event.type === 'layer') console.log(`layer ${event.state}`);
const { images } = await load.result;
console.log(images.every((image) => image.id === id) ? 'loaded the same image' : 'loaded another image');

// Every error has a kind, a stable code, and a hint that says what to do.
try {
  await engine.images.inspect('absent');
} catch (error) {
  if (!isStrataError(error, 'ERR_IMAGE_NOT_FOUND')) throw error;
  console.log(`${error.kind}: ${error.message} (${error.hint})`);
}

// An image with several names appears once for each name.
const left = new Set((await engine.images.list()).map((image) => image.id));
for (const image of left) await engine.images.remove(image, { force: true });
rmSync(archive);
console.log(`${(await engine.images.list()).length} images left`);
