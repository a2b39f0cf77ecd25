import assert from 'node:assert/strict';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxStore, containerRecords, mountsOf } from '../helpers/busybox-store.ts';
import { processesNaming } from '../helpers/machine-traces.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import type { StrataCommand } from '../helpers/strata.ts';
import { Terminal, waitForExit } from '../helpers/terminal.ts';
import { patienceMs } from '../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'setsid');

/** Runs a command that must succeed, and returns its output. */
async function outputOf(strata: StrataCommand, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await strata(...args);
  assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  return stdout;
}

// A loopback address that no other process uses: a port that is free there stays free.
const address = `127.${[process.pid >> 16, process.pid >> 8, process.pid].map((part) => (part & 0x7f) + 1).join('.')}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, address);
  await new Promise((resolve) => server.once('listening', resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof bound === 'object' && bound !== null);
  return bound.port;
}

async function page(url: string): Promise<string> {
  for (let waited = 0; ; waited += 50) {
    try {
      return await new Promise((resolve, reject) => {
        get(url, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve(text));
        }).on('error', reject);
      });
    } catch (error) {
      if (waited > patienceMs) throw error;
      await sleep(50);
    }
  }
}

test('a page is made by hand, committed, served and cleared up, as in every tutorial', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const terminal = new Terminal(t);
  const shell = terminal.start(strata, 'run', '--name', 'b1', '-it', 'busybox');
  await terminal.shows('/ # ');
  terminal.type('mkdir -p /data/html && echo "<h1>Busybox httpd server.</h1>" > /data/html/index.html; echo do""ne\r');
  await terminal.shows('\r\ndone\r\n');
  terminal.type('\x10\x11');
  assert.equal(await waitForExit(shell), 0);
  assert.match(await outputOf(strata, 'ps'), / busybox +"sh" .* Up .* b1\n$/);

  assert.match(await outputOf(strata, 'commit', '-p', 'b1', 'user/httpd:v0.1'), /^sha256:[0-9a-f]{64}\n$/);
  const port = await freePort();
  const command = `CMD ["/bin/busybox","httpd","-f","-v","-p","${address}:${port}","-h","/data/html"]`;
  await outputOf(strata, 'commit', '-a', 'Some Body <body@example.com>', '-c', command, '-p', 'b1', 'user/httpd:v0.2');
  assert.match(await outputOf(strata, 'images', 'user/httpd'), /user\/httpd +v0\.[12] [^]*user\/httpd +v0\.[12] /);

  const id = (await outputOf(strata, 'run', '--name', 'h2', '-d', '--network', 'host', 'user/httpd:v0.2')).trim();
  assert.equal(await page(`http://${address}:${port}/index.html`), '<h1>Busybox httpd server.</h1>\n');
  assert.match(await outputOf(strata, 'ps', '--no-trunc'), new RegExp(`^${id} .*httpd -f -v -p 127`, 'm'));
  for (let tries = 0; ; tries++) {
    const { stdout, stderr } = await strata('logs', 'h2');
    if (/response:200/.test(stdout + stderr)) break;
    assert.ok(tries < 100, 'it is not told in the log');
  }
  assert.equal(
    await outputOf(strata, 'exec', 'h2', 'cat', '/data/html/index.html'),
    '<h1>Busybox httpd server.</h1>\n',
  );
  assert.equal(await outputOf(strata, 'stop', '-t', '0', 'h2', 'b1'), 'h2\nb1\n');
  await assert.rejects(new Promise((_, reject) => get(`http://${address}:${port}/`).on('error', reject)));
  assert.equal(await outputOf(strata, 'rm', 'h2', 'b1'), 'h2\nb1\n');
  assert.match(await outputOf(strata, 'rmi', 'user/httpd:v0.1', 'user/httpd:v0.2'), /Deleted: sha256/);
  assert.deepEqual([containerRecords(strata), mountsOf(strata)], [[], []]);
  assert.deepEqual(processesNaming(placesOf(strata).run), []);
});

test('a container of run -it -d --rm lives on its own, can be attached to, and is removed at its end', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  await outputOf(strata, 'run', '--name', 'b2', '-it', '-d', '--rm', 'busybox');
  assert.match(await outputOf(strata, 'ps'), /Up .* b2\n$/);
  assert.equal(
    await outputOf(strata, 'exec', 'b2', 'sh', '-c', 'echo $0 $HOME; until grep sh /proc/1/comm; do sleep 0.01; done'),
    'sh /root\nsh\n',
  );
  const terminal = new Terminal(t, 30, 100);
  const visit = terminal.start(strata, 'attach', 'b2');
  await terminal.becomesRaw();
  terminal.type('\runtil stty size | grep "30 100"; do sleep 0.05; done\r');
  await terminal.shows('\r\n30 100\r\n');
  terminal.type('\x10\x11');
  assert.equal(await waitForExit(visit), 1);
  const inside = new Terminal(t, 31, 101);
  const second = inside.start(strata, 'exec', '-it', 'b2', 'sh');
  await inside.shows('/ # ');
  inside.type('stty size; exit 7\r');
  assert.equal(await waitForExit(second), 7);
  await inside.shows('\r\n31 101\r\n');
  assert.match(await outputOf(strata, 'ps'), /Up .* b2\n$/);
  assert.equal(await outputOf(strata, 'stop', '-t', '0', 'b2'), 'b2\n');
  assert.equal(await outputOf(strata, 'ps', '-aq'), '');
  assert.deepEqual([containerRecords(strata), mountsOf(strata)], [[], []]);
  assert.deepEqual(processesNaming(placesOf(strata).run), []);
});
