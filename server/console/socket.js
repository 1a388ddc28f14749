// One connection to the public WebSocket API (leat.json.v1), which the whole page shares. It comes back by itself.
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5_000;

export class BrokerError extends Error {
  constructor({ code, message, retriable }) {
    super(message || code);
    this.code = code;
    this.retriable = retriable;
  }
}

const lost = () => new BrokerError({ code: 'connection_lost', message: 'The connection to the broker was lost.', retriable: true });

class BrokerSocket {
  constructor() {
    this.nextId = 1;
    this.waiting = new Map(); // id -> {resolve, reject}
    this.subscriptions = new Map(); // id -> handlers
    this.listeners = new Set();
    this.open = false;
    this.retryMs = RETRY_MS_MIN;
    this.connect();
  }

  connect() {
    const url = new URL('v1/ws', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    url.hash = '';
    this.socket = new WebSocket(url, 'leat.json.v1');
    this.socket.onopen = () => {
      this.retryMs = RETRY_MS_MIN;
      this.setOpen(true);
    };
    this.socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    this.socket.onclose = () => {
      const waiting = [...this.waiting.values()];
      this.waiting.clear();
      this.subscriptions.clear();
      for (const { reject } of waiting) reject(lost());
      this.setOpen(false);
      setTimeout(() => this.connect(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, RETRY_MS_MAX);
    };
  }

  setOpen(open) {
    this.open = open;
    for (const listener of this.listeners) listener(open);
  }

  /** Called with true and false as the connection comes and goes; with true at once when it is there. */
  watch(listener) {
    this.listeners.add(listener);
    if (this.open) listener(true);
    return () => this.listeners.delete(listener);
  }

  receive(message) {
    const handlers = this.subscriptions.get(message.id);
    switch (message.type) {
      case 'deliver':
        return handlers?.onRecords(message);
      case 'skipped':
        return handlers?.onSkipped(message);
      case 'ended':
        return handlers?.onEnded(message);
      case 'error':
        this.subscriptions.delete(message.id);
        return this.settle(message.id, 'reject', new BrokerError(message));
      default:
        return this.settle(message.id, 'resolve', message);
    }
  }

  settle(id, how, what) {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    waiting?.[how](what);
  }

  send(message) {
    if (this.open) this.socket.send(JSON.stringify(message));
  }

  request(message, id = this.nextId++) {
    if (!this.open) return Promise.reject(lost());
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.send({ ...message, id });
    });
  }

  /** Where the one record went: {partition, offset, ack}. */
  async publish(topic, record, ack) {
    const { records } = await this.request({ type: 'publish', topic, ack, records: [record] });
    if (records[0].code) throw new BrokerError(records[0]);
    return records[0];
  }

  /** Records come only within the credit. `what`: topic, partition, from, filter, credit. */
  subscribe(what, handlers) {
    const id = this.nextId++;
    this.subscriptions.set(id, handlers);
    const started = this.request({ type: 'subscribe', ...what }, id);
    return {
      started,
      credit: (records) => this.subscriptions.has(id) && this.send({ type: 'credit', id, records }),
      close: () => {
        if (!this.subscriptions.delete(id)) return;
        started.then(() => this.request({ type: 'unsubscribe' }, id)).catch(() => {});
      },
    };
  }
}

export const socket = new BrokerSocket();
