// A subscriber that does not read for a minute, while 1 GB is published.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Daemon, Messages, modules } from './daemon.mjs';

const WebSocket = modules('ws');
const run = promisify(execFile);

const RECORDS = 1_000_000;
const RECORD_BYTES = 1024;
const DEAF_MS = 60_000;
const GROWTH_MAX_BYTES = 64 << 20;

let daemon;
before(async () => {
  daemon = await Daemon.start();
});
after(() => daemon.stop());

test('the daemon keeps nothing for it, and it misses nothing', async (t) => {
  await daemon.createTopic('much');
  const socket = new WebSocket(daemon.ws, ['leat.json.v1']);
  t.after(() => socket.terminate());
  const messages = new Messages(socket);
  await messages.opened;
  socket.send(JSON.stringify({ type: 'subscribe', id: 1, topic: 'much', from: 'earliest' }));
  await messages.nextJson('subscribed');

  const before = await daemon.memoryBytes();
  const deafSince = Date.now();
  let highest = before;
  const watch = setInterval(async () => {
    highest = Math.max(highest, await daemon.memoryBytes());
  }, 100);
  t.after(() => clearInterval(watch));
  socket.pause();
  await run(process.env.LEAT, ['--server', daemon.native, '-q', 'bench', 'pub', 'much', '--records', String(RECORDS), '--size', String(RECORD_BYTES), '--warmup', '0']);
  await sleep(DEAF_MS - (Date.now() - deafSince));
  assert.equal(messages.queue.length, 0, 'it was deaf');
  t.diagnostic(`grown by ${((highest - before) / 1e6).toFixed(0)} MB`);
  if (!process.env.SANITIZED) assert.ok(highest - before < GROWTH_MAX_BYTES, `grown by ${highest - before} bytes`);

  socket.resume();
  let expected = 0;
  while (expected < RECORDS) {
    const { records } = await messages.nextJson('deliver');
    for (const record of records) {
      if (record.offset !== expected) assert.equal(record.offset, expected);
      expected += 1;
    }
  }
});
