// A daemon of its own and a browser that looks at it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BROWSER_ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A port that nobody had a moment ago; leatd is told it, as pages keep theirs over a restart. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function isReady(url, child) {
  while (child.exitCode === null) {
    const response = await fetch(`${url}/health/ready`).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`leatd ended with ${child.exitCode}`);
}

export class Daemon {
  static async start(program) {
    const daemon = new Daemon();
    daemon.directory = mkdtempSync(join(tmpdir(), 'leat-console-'));
    const [native, http] = [await freePort(), await freePort()];
    daemon.url = `http://127.0.0.1:${http}`;
    const listen = ['--listen', `127.0.0.1:${native}`, '--http', `127.0.0.1:${http}`];
    daemon.command = [program, ['--data', join(daemon.directory, 'data'), ...listen]];
    process.on('exit', () => daemon.child.kill('SIGKILL')); // whatever becomes of the test
    await daemon.run();
    return daemon;
  }

  async run() {
    const child = spawn(...this.command, { stdio: ['ignore', 'inherit', 'inherit'] });
    this.child = child;
    this.ended = new Promise((resolve) => child.on('exit', resolve));
    await isReady(this.url, child);
  }

  /** Until run(): the data and the ports stay. */
  end() {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  async stop() {
    const status = await this.end();
    rmSync(this.directory, { recursive: true, force: true });
    return status;
  }
}

/** `modules`: the directory that holds node_modules. */
export async function openBrowser(modules, executablePath) {
  const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core');
  return chromium.launch({ executablePath, args: BROWSER_ARGUMENTS });
}

/** What went wrong on a page, in its own words: console errors, exceptions, failed requests, requests to anyone but the daemon. */
export function watch(page, origin) {
  const faults = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('requestfailed', (request) => {
    // A reload calls off what is under way; nothing else ends so.
    const { errorText } = request.failure();
    if (errorText !== 'net::ERR_ABORTED') faults.push(`failed: ${request.url()} ${errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`answered ${response.status()}: ${response.url()}`);
  });
  page.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol !== 'blob:' && asked !== origin) faults.push(`asked somebody else: ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    if (socket.url() !== `${origin.replace('http', 'ws')}/v1/ws`) faults.push(`connected to somebody else: ${socket.url()}`);
  });
  return faults;
}
