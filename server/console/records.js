// A live view of a topic's records: what is subscribed to, and the rows that are kept of it.
import { api } from './api.js';
import { socket } from './socket.js';

const ROWS_MAX = 2000;
const ROW_BYTES_MAX = 64 * 1024 * 1024;
const CREDIT = 1000;
const RECENT = 100;
/** Beyond, a position for each would be too much for an address; such a topic is read as a whole. */
export const POSITIONS_MAX = 64;

/** "0:120,1:77" -> Map {0 => 120, 1 => 77} */
export function parsePositions(text = '') {
  const pairs = text.split(',').map((pair) => pair.split(':').map(Number));
  return new Map(pairs.filter(([partition, offset]) => Number.isInteger(partition) && Number.isInteger(offset)));
}

const formatPositions = (positions) => [...positions].map((pair) => pair.join(':')).join(',');

const sizeOf = (record) => 200 + (record.value ?? record.value_base64 ?? '').length + (record.key ?? record.key_base64 ?? '').length;

/** A filter of leat.json.v1 from conditions {name, how, value, not}; undefined when there is none. */
export function filterOf(conditions) {
  if (conditions.length === 0) return undefined;
  return { all: conditions.map(({ name, how, value, not }) => (not ? { not: { [how]: { [name]: value } } } : { [how]: { [name]: value } })) };
}

/**
 * start() begins, close() ends it. `onChange` is told at most once a frame. While paused no credit is granted, so that the broker keeps
 * the records and nothing is left out when it goes on; likewise while the page is hidden.
 */
export class Tail {
  constructor(topic, onChange) {
    this.topic = topic;
    this.onChange = onChange;
    this.paused = false;
    this.reset();
    this.unwatch = socket.watch((open) => this.onConnection(open));
  }

  reset() {
    this.subscriptions = [];
    this.rows = [];
    this.pending = [];
    this.bytes = 0;
    this.dropped = 0;
    this.received = 0;
    this.origins = new Map(); // where reading began, by partition
    this.nexts = new Map();
    this.ends = new Map();
    this.error = null;
    this.notice = null;
    this.started = false;
    this.ended = false;
  }

  /** `from`: "recent", "earliest", "latest", an offset, or "@" and a time. `at`, a map of positions, comes first if it is not empty. */
  start(what) {
    this.stopReading();
    this.reset();
    this.what = what;
    this.paused = false;
    if (socket.open) this.subscribe();
    this.tell();
  }

  close() {
    this.stopReading();
    this.unwatch();
    this.closed = true;
  }

  pause(paused) {
    this.paused = paused;
    this.tell();
  }

  onConnection(open) {
    if (!open) {
      this.subscriptions = [];
      return this.tell();
    }
    if (!this.what || this.ended) return undefined;
    // After a loss it goes on behind what has come.
    if (this.started) this.what = { ...this.what, at: new Map(this.nexts) };
    return this.subscribe();
  }

  stopReading() {
    for (const { subscription } of this.subscriptions) subscription.close();
    this.subscriptions = [];
  }

  async subscribe() {
    const { what } = this;
    this.error = null;
    try {
      const starts = await this.starts(what);
      if (this.closed || this.what !== what) return;
      const credit = Math.max(10, Math.floor(CREDIT / starts.length));
      await Promise.all(starts.map((start) => this.open(start, credit)));
    } catch (error) {
      if (this.what !== what || error.code === 'connection_lost') return;
      this.error = error;
    }
    this.tell();
  }

  /** What to ask for: one subscription, or one for each partition when each has a position of its own. */
  async starts({ from, partition, at }) {
    const isPlain = from === 'earliest' || from === 'latest' || from.startsWith('@');
    if (at.size === 0 && isPlain) return [{ partition, from }];
    const topic = await api.topic(this.topic);
    const partitions = topic.partitions.filter((one) => partition === undefined || one.partition === partition);
    if (partitions.length === 0) throw new Error(`The topic has no partition ${partition}.`);
    if (partitions.length > POSITIONS_MAX) {
      this.notice = `Of ${partitions.length} partitions together only new records are shown; choose one to see more.`;
      return [{ from: 'latest' }];
    }
    return partitions.map(({ partition: number, log_start: low, high_watermark: high }) => {
      const recent = high - Math.max(10, Math.ceil(RECENT / partitions.length));
      const wanted = at.get(number) ?? (at.size > 0 ? high : from === 'recent' ? recent : Number(from));
      return { partition: number, from: Math.min(Math.max(wanted, low), high) };
    });
  }

  async open({ partition, from }, credit) {
    const entry = { taken: 0 };
    entry.subscription = socket.subscribe(
      { topic: this.topic, partition, from, credit, filter: this.what.filter },
      {
        onRecords: (message) => this.take(entry, message),
        onSkipped: ({ partition: number, next, message }) => {
          this.nexts.set(number, next);
          this.notice = `Records before offset ${next} of partition ${number} were left out: ${message}`;
          this.tell();
        },
        onEnded: ({ message }) => {
          this.ended = true;
          this.error = new Error(message);
          this.tell();
        },
      },
    );
    this.subscriptions.push(entry);
    const { partitions } = await entry.subscription.started;
    for (const { partition: number, from: offset } of partitions) {
      if (!this.origins.has(number)) this.origins.set(number, offset);
      if (!this.nexts.has(number)) this.nexts.set(number, offset);
    }
    this.started = true;
  }

  take(entry, { partition, high_watermark: end, records }) {
    for (const record of records) this.pending.push({ partition, ...record, entry });
    this.nexts.set(partition, records[records.length - 1].offset + 1);
    this.ends.set(partition, end);
    this.tell();
  }

  tell() {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      if (this.closed) return;
      if (!this.paused) this.admit();
      this.onChange(this.snapshot());
    });
  }

  /** What has come becomes rows, and as much credit is granted again. */
  admit() {
    if (this.pending.length === 0) return;
    const arrived = this.pending;
    this.pending = [];
    if (this.origins.size > 1) arrived.sort((a, b) => a.timestamp - b.timestamp);
    for (const { entry, ...record } of arrived) {
      ++entry.taken;
      this.bytes += sizeOf(record);
      this.rows.push(record);
    }
    for (const entry of this.subscriptions) {
      if (entry.taken > 0) entry.subscription.credit(entry.taken);
      entry.taken = 0;
    }
    this.received += arrived.length;
    let surplus = 0;
    while (this.rows.length - surplus > ROWS_MAX || (this.bytes > ROW_BYTES_MAX && this.rows.length - surplus > 1)) {
      this.bytes -= sizeOf(this.rows[surplus++]);
    }
    this.rows = this.rows.slice(surplus);
    this.dropped += surplus;
  }

  /** Where to begin so that the same rows come again; as text for an address. */
  position() {
    const positions = new Map(this.dropped === 0 ? this.origins : this.nexts);
    if (this.dropped > 0) {
      for (const row of [...this.rows, ...this.pending].reverse()) positions.set(row.partition, row.offset);
    }
    return positions.size > POSITIONS_MAX ? '' : formatPositions(positions);
  }

  snapshot() {
    let behind = 0;
    for (const [partition, end] of this.ends) behind += Math.max(0, end - this.nexts.get(partition));
    return {
      rows: this.rows,
      received: this.received,
      dropped: this.dropped,
      behind: behind + this.pending.length,
      paused: this.paused,
      reading: this.started && socket.open,
      lost: this.started && !socket.open,
      error: this.error,
      notice: this.notice,
    };
  }
}
