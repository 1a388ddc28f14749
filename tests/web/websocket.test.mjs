// WebSocket subprotocols, by the ws package.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon, Messages, modules } from './daemon.mjs';

const cloudevents = modules('cloudevents');
const WebSocket = modules('ws');

const { HTTP } = cloudevents;
let daemon;

before(async () => {
  daemon = await Daemon.start();
});
after(() => daemon.stop());

async function open(subprotocol, query = '', options = {}) {
  const socket = new WebSocket(daemon.ws + query, [subprotocol], options);
  const messages = new Messages(socket);
  await messages.opened;
  assert.equal(socket.protocol, subprotocol);
  return { socket, messages, say: (message) => socket.send(JSON.stringify(message)) };
}

test('leat.json.v1 publishes, subscribes, filters and grants credit', async () => {
  await daemon.createTopic('json', 2);
  const { socket, messages, say } = await open('leat.json.v1');
  say({ type: 'ping', id: 1 });
  assert.deepEqual(await messages.nextJson(), { type: 'pong', id: 1 });
  say({ type: 'publish', id: 2, topic: 'json', records: [1, 2, 3, 4].map((i) => ({ key: 'same', value: `v${i}`, headers: [{ name: 'n', value: String(i) }] })) });
  const published = await messages.nextJson();
  assert.deepEqual(published.records.map((record) => record.offset), [0, 1, 2, 3]);
  say({ type: 'subscribe', id: 3, topic: 'json', from: 'earliest', credit: 1 });
  assert.equal((await messages.nextJson()).type, 'subscribed');
  assert.deepEqual((await messages.nextJson()).records.map((record) => record.value), ['v1']);
  say({ type: 'credit', id: 3, records: 2 });
  assert.deepEqual((await messages.nextJson()).records.map((record) => record.value), ['v2', 'v3']);
  say({ type: 'unsubscribe', id: 3 });
  assert.equal((await messages.nextJson()).type, 'unsubscribed');
  say({ type: 'subscribe', id: 4, topic: 'json', from: 'earliest', filter: { any: [{ exact: { '$header.n': '2' } }, { suffix: { '$header.n': '4' } }] } });
  assert.equal((await messages.nextJson()).type, 'subscribed');
  assert.deepEqual((await messages.nextJson()).records.map((record) => record.value), ['v2', 'v4']);
  say({ type: 'subscribe', id: 5, topic: 'none' });
  assert.equal((await messages.nextJson()).code, 'unknown_topic');
  socket.close();
  assert.equal((await messages.closed).code, 1000);
});

test('cloudevents.json carries events in both directions', async () => {
  await daemon.createTopic('ce');
  const consumer = await open('cloudevents.json', '?topic=ce&from=earliest&filter=' + encodeURIComponent('{"prefix":{"type":"order."}}'));
  const producer = await open('cloudevents.json', '?topic=ce&from=none');
  producer.say({ specversion: '1.0', id: '0', source: '/s', type: 'other', data: 1 });
  producer.say({ specversion: '1.0', id: '1', source: '/s', type: 'order.placed', big: 7, data: { a: 1 } });
  const got = HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents+json' }, body: await consumer.messages.next() });
  assert.equal(got.id, '1');
  assert.strictEqual(got.big, 7);
  assert.deepEqual(got.data, { a: 1 });
  assert.equal(got.leatoffset, '1');
  producer.socket.send('{"specversion":"1.0"}');
  assert.equal((await producer.messages.closed).code, 1007);
  consumer.socket.close();
});

test('a topic that goes ends its subscriptions', async () => {
  await daemon.createTopic('goes');
  const { messages, say, socket } = await open('leat.json.v1');
  say({ type: 'subscribe', id: 1, topic: 'goes' });
  await messages.nextJson('subscribed');
  await fetch(`${daemon.url}/v1/topics/goes`, { method: 'DELETE' });
  assert.equal((await messages.nextJson()).type, 'ended');
  socket.close();
});

test('many subscribers of one topic get the same in the same order', async () => {
  await daemon.createTopic('fan');
  const subscribers = await Promise.all(Array.from({ length: 50 }, () => open('leat.json.v1')));
  for (const { say, messages } of subscribers) {
    say({ type: 'subscribe', id: 1, topic: 'fan', from: 'earliest' });
    await messages.nextJson('subscribed');
  }
  const values = Array.from({ length: 500 }, (_, i) => String(i));
  for (let at = 0; at < values.length; at += 50) {
    subscribers[0].say({ type: 'publish', id: at + 1, topic: 'fan', records: values.slice(at, at + 50).map((value) => ({ value })) });
  }
  await Promise.all(
    subscribers.map(async ({ messages, socket }) => {
      const got = [];
      while (got.length < values.length) got.push(...(await messages.nextJson('deliver')).records.map((record) => record.value));
      assert.deepEqual(got, values);
      socket.close();
    }),
  );
});

test('what nobody offers or speaks is refused before the upgrade', async () => {
  const refused = (url, protocols, options) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, protocols, options);
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
      socket.on('open', () => resolve('open'));
      socket.on('error', () => {});
    });
  assert.equal(await refused(daemon.ws, ['mqtt']), 400);
  assert.equal(await refused(daemon.ws.replace('/v1/ws', '/elsewhere'), ['leat.v1']), 404);
  assert.equal(await refused(daemon.ws + '?topic=none', ['cloudevents.json']), 404);
  assert.equal(await refused(daemon.ws, ['cloudevents.json']), 400);
  assert.equal(await refused(daemon.ws, ['leat.v1'], { origin: 'http://evil.example' }), 403);
  assert.equal(await refused(daemon.ws, ['leat.v1'], { headers: { host: 'evil.example' } }), 421);
  assert.equal(await refused(daemon.ws, ['leat.v1'], { origin: daemon.url }), 'open');
});

test('the wrong kind of message, text that is no JSON and too much of it close with their codes', async () => {
  const native = await open('leat.v1');
  native.socket.send('text');
  assert.equal((await native.messages.closed).code, 1003);
  const binary = await open('leat.json.v1');
  binary.socket.send(Buffer.from('{}'));
  assert.equal((await binary.messages.closed).code, 1003);
  const nonsense = await open('leat.json.v1');
  nonsense.socket.send('nonsense');
  assert.equal((await nonsense.messages.closed).code, 1007);
  const large = await open('leat.json.v1');
  large.socket.send('x'.repeat(9_000_000));
  assert.equal((await large.messages.closed).code, 1009);
});

test('fragments are one message, and pings are answered', async () => {
  const { socket, messages } = await open('leat.json.v1');
  socket.send('{"type":', { fin: false });
  socket.ping('hello');
  socket.send('"ping",', { fin: false });
  socket.send('"id":9}', { fin: true });
  const ponged = new Promise((resolve) => socket.on('pong', (data) => resolve(String(data))));
  assert.deepEqual(await messages.nextJson(), { type: 'pong', id: 9 });
  assert.equal(await ponged, 'hello');
  socket.close();
});
