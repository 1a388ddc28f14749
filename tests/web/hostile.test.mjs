// Peers that mean no good, by hand-made bytes.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Daemon } from './daemon.mjs';

let daemon;

before(async () => {
  daemon = await Daemon.start({ LEAT_LIMITS_HANDSHAKE_TIMEOUT_MS: '500', LEAT_LIMITS_FRAME_TIMEOUT_MS: '1000' });
});
after(() => daemon.stop());

// A connection and everything that came on it until it was closed.
function connect() {
  const socket = net.connect(daemon.port, '127.0.0.1');
  const chunks = [];
  socket.on('data', (bytes) => chunks.push(bytes));
  socket.on('error', () => {});
  return { socket, chunks, text: () => Buffer.concat(chunks).toString('latin1'), ended: new Promise((resolve) => socket.on('close', resolve)) };
}

const upgrade = (subprotocol, more = '') =>
  `GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n${more}\r\n`;

async function openWebSocket() {
  const peer = connect();
  peer.socket.write(upgrade('leat.json.v1'));
  while (!peer.text().includes('\r\n\r\n')) await new Promise((resolve) => peer.socket.once('data', resolve));
  assert.match(peer.text(), /^HTTP\/1.1 101 /);
  assert.match(peer.text(), /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
  peer.chunks.length = 0;
  return peer;
}

// A frame of a client, masked with zeroes.
function frame(opcode, payload, { fin = true, length = payload.length } = {}) {
  const head = [(fin ? 0x80 : 0) | opcode];
  if (length < 126) head.push(0x80 | length);
  else if (length < 65536) head.push(0x80 | 126, length >> 8, length & 255);
  else {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(length));
    head.push(0x80 | 127, ...bytes);
  }
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.from(payload)]);
}

const closeCode = (peer) => {
  const bytes = Buffer.concat(peer.chunks);
  const at = bytes.indexOf(0x88);
  return at < 0 ? undefined : bytes.readUInt16BE(at + 2);
};

test('half-open handshakes and one byte a time are closed', async () => {
  const half = connect();
  half.socket.write('GET /v1/ws HTTP/1.1\r\nHost: local');
  await half.ended;
  const slow = connect();
  const drip = setInterval(() => slow.socket.write('G'), 50);
  await slow.ended;
  clearInterval(drip);
});

test('a message that never ends is given up', async () => {
  const peer = await openWebSocket();
  peer.socket.write(frame(1, '{', { fin: false }));
  await peer.ended;
});

test('lengths of 64 bits are refused from their head', async () => {
  for (const length of [2 ** 31, 2 ** 40]) {
    const peer = await openWebSocket();
    peer.socket.write(frame(1, 'x', { length }));
    await peer.ended;
    assert.equal(closeCode(peer), 1009);
  }
});

test('frames that break the protocol close with 1002', async () => {
  const unmasked = await openWebSocket();
  unmasked.socket.write(Buffer.from([0x81, 2, 0x7b, 0x7d]));
  await unmasked.ended;
  assert.equal(closeCode(unmasked), 1002);
  const reserved = await openWebSocket();
  reserved.socket.write(frame(0x4b, 'x'));
  await reserved.ended;
  assert.equal(closeCode(reserved), 1002);
  const continued = await openWebSocket();
  continued.socket.write(frame(0, 'x'));
  await continued.ended;
  assert.equal(closeCode(continued), 1002);
  const invalid = await openWebSocket();
  invalid.socket.write(frame(1, [0xc3, 0x28]));
  await invalid.ended;
  assert.equal(closeCode(invalid), 1007);
});

test('a flood of pings ends the connection', async () => {
  const peer = await openWebSocket();
  peer.socket.write(Buffer.concat(Array.from({ length: 1000 }, () => frame(9, 'x'))));
  await peer.ended;
  assert.equal(closeCode(peer), 1008);
});

test('a million empty continuation frames cost no memory', async () => {
  const before = await daemon.memoryBytes();
  const peer = await openWebSocket();
  peer.socket.write(frame(1, '', { fin: false }));
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => frame(0, '', { fin: false })));
  for (let i = 0; i < 100 && !peer.socket.destroyed; ++i) {
    if (!peer.socket.write(many)) await Promise.race([new Promise((resolve) => peer.socket.once('drain', resolve)), peer.ended]);
  }
  await peer.ended;
  assert.ok((await daemon.memoryBytes()) - before < 32 * 2 ** 20);
});

test('requests that are none are refused, and the next connection is served', async () => {
  for (const bytes of ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'POST /v1/topics HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
                       'POST /v1/topics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', `GET /${'x'.repeat(40_000)} HTTP/1.1\r\n\r\n`,
                       'GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n']) {
    const peer = connect();
    peer.socket.write(bytes, 'latin1');
    await peer.ended;
    assert.doesNotMatch(peer.text(), /^HTTP\/1.1 [25]/, bytes.slice(0, 40));
  }
  assert.equal((await fetch(`${daemon.url}/health/live`)).status, 200);
});

test('requests sent ahead are answered in their order', async () => {
  const peer = connect();
  const one = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
  peer.socket.write(one('/health/live') + one('/v1/topics') + one('/nothing') + one('/health/ready', 'Connection: close\r\n'));
  await peer.ended;
  assert.deepEqual([...peer.text().matchAll(/^HTTP\/1.1 (\d+)/gm)].map((found) => found[1]), ['200', '200', '404', '200']);
});

test('fifty origins: only the daemon\'s own may come in', async () => {
  const own = [`http://localhost:${daemon.port}`, `http://LOCALHOST:${daemon.port}`, `https://localhost:${daemon.port}`];
  const others = ['null', 'http://localhost', 'http://localhost:1', 'https://evil.example', 'http://localhost.evil.example', `http://localhost:${daemon.port}.evil.example`,
                  `http://localhost:${daemon.port}@evil.example`, `ftp://localhost:${daemon.port}`, `localhost:${daemon.port}`, 'file://', `http://localhost:${daemon.port}/`, '*', 'http://*',
                  `http://127.0.0.1:${daemon.port}`, `http://[::1]:${daemon.port}`, 'http://', '://', ' ', 'chrome-extension://abc', `http://localhost:${daemon.port} http://evil.example`];
  for (let i = others.length; i < 47; ++i) others.push(`http://site${i}.example:${daemon.port}`);
  const ask = async (origin) => {
    const peer = connect();
    peer.socket.write(`GET /v1/topics HTTP/1.1\r\nHost: localhost:${daemon.port}\r\nOrigin: ${origin}\r\nConnection: close\r\n\r\n`);
    await peer.ended;
    return Number(/^HTTP\/1.1 (\d+)/.exec(peer.text())[1]);
  };
  for (const origin of own) assert.equal(await ask(origin), 200, origin);
  for (const origin of others) assert.equal(await ask(origin), origin.trim() === '' ? 200 : 403, origin);
});
