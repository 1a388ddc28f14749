// A leatd of its own for each test file, on ports that the system chose.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const leatd = process.env.LEATD;
/** Imports what npm brought; MODULES is the directory that holds its node_modules. */
export const modules = createRequire(path.join(process.env.MODULES, 'package.json'));

export class Daemon {
  static async start(environment = {}) {
    const daemon = new Daemon();
    daemon.directory = await mkdtemp(path.join(tmpdir(), 'leat-web-'));
    const args = ['--data', path.join(daemon.directory, 'data'), '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    daemon.process = spawn(leatd, args, {
      env: { PATH: process.env.PATH, LEAT_STORAGE_JOURNAL_FILE_BYTES: '4MiB', ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    daemon.log = '';
    await new Promise((resolve, reject) => {
      daemon.process.stderr.on('data', (bytes) => {
        daemon.log += bytes;
        const found = /listening native=(\S+) http=\S+:(\d+)/.exec(daemon.log);
        if (found) {
          daemon.native = `leat://${found[1]}`;
          daemon.port = Number(found[2]);
          resolve();
        }
      });
      daemon.process.on('exit', (code) => reject(new Error(`leatd ended with ${code}: ${daemon.log}`)));
    });
    daemon.url = `http://127.0.0.1:${daemon.port}`;
    daemon.ws = `ws://127.0.0.1:${daemon.port}/v1/ws`;
    return daemon;
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.on('exit', (code, signal) => resolve(signal ?? code)));
    this.process.removeAllListeners('exit');
    const gone = new Promise((resolve) => this.process.on('exit', (code, signal) => resolve(signal ?? code)));
    this.process.kill('SIGTERM');
    const how = await Promise.race([ended, gone]);
    await rm(this.directory, { recursive: true });
    return how;
  }

  memoryBytes() {
    return import('node:fs').then((fs) => {
      const status = fs.readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
    });
  }

  async createTopic(name, partitions = 1) {
    const answer = await fetch(`${this.url}/v1/topics`, { method: 'POST', body: JSON.stringify({ name, partitions }) });
    if (answer.status !== 201) throw new Error(await answer.text());
  }

  async records(topic, partition = 0, query = 'from=earliest') {
    const answer = await fetch(`${this.url}/v1/topics/${topic}/partitions/${partition}/records?${query}`);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }
}

// What comes over a WebSocket, to be waited for one after the other.
export class Messages {
  constructor(socket) {
    this.queue = [];
    this.waiting = [];
    socket.on('message', (data, isBinary) => this.push(isBinary ? data : String(data)));
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
    this.opened = new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    this.opened.catch(() => {});
  }
  push(message) {
    const waiter = this.waiting.shift();
    if (waiter) waiter(message);
    else this.queue.push(message);
  }
  next() {
    return this.queue.length > 0 ? Promise.resolve(this.queue.shift()) : new Promise((resolve) => this.waiting.push(resolve));
  }
  async nextJson(type) {
    for (;;) {
      const message = JSON.parse(await this.next());
      if (type === undefined || message.type === type) return message;
    }
  }
}
