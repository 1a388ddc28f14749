// What the whole page knows of the daemon's health: asked for every two seconds, with five minutes of it kept for the charts.
import { useEffect, useState } from './vendor/preact.js';
import { api } from './api.js';
import { parseMetrics, quantile } from './metrics.js';
import { socket } from './socket.js';

export const INTERVAL_MS = 2000;
export const WINDOW_SECONDS = 300;
const SAMPLES_MAX = (WINDOW_SECONDS * 1000) / INTERVAL_MS + 1;
/** More time between two samples than this is a gap (the page was hidden), over which there is no rate. */
const GAP_MS = INTERVAL_MS * 3;

const listeners = new Set();
let state = { status: null, error: null, connected: false, samples: { times: [], stored: [], delivered: [], ackMedian: [], ackP99: [] } };
let last = null;
let timer = 0;

function publish(changes) {
  state = { ...state, ...changes };
  for (const listener of listeners) listener(state);
}

/** What came between two readings of one run of the daemon; counters fall when topics are deleted. */
function growth(before, now) {
  const perSecond = (grown) => Math.max(0, (grown * 1000) / (now.at - before.at));
  const milliseconds = (share) => {
    const seconds = quantile(before.metrics.acks, now.metrics.acks, share);
    return seconds === null ? null : seconds * 1000;
  };
  return {
    stored: perSecond(now.status.records_taken - before.status.records_taken),
    delivered: perSecond(now.metrics.delivered - before.metrics.delivered),
    ackMedian: milliseconds(0.5),
    ackP99: milliseconds(0.99),
  };
}

function sampled(now) {
  // Asked again early, as the page was shown or connected: too short a time for a rate.
  if (last !== null && now.at - last.at < INTERVAL_MS / 2) return state.samples;
  const isOneRun = last !== null && now.at - last.at <= GAP_MS && now.status.uptime_ms > last.status.uptime_ms;
  const grown = isOneRun ? growth(last, now) : {};
  last = now;
  const samples = {};
  for (const [name, list] of Object.entries(state.samples)) {
    samples[name] = [...list, name === 'times' ? Date.now() / 1000 : (grown[name] ?? null)].slice(-SAMPLES_MAX);
  }
  return samples;
}

async function sample() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const [status, metrics] = await Promise.all([api.status(), api.metrics()]);
    publish({ status, error: null, samples: sampled({ at: performance.now(), status, metrics: parseMetrics(metrics) }) });
  } catch (error) {
    publish({ error });
  }
  clearTimeout(timer);
  timer = setTimeout(sample, INTERVAL_MS);
}

export function startMonitor() {
  socket.watch((connected) => {
    publish({ connected });
    if (connected) sample();
  });
  document.addEventListener('visibilitychange', sample);
  sample();
}

export function useMonitor() {
  const [current, setCurrent] = useState(state);
  useEffect(() => {
    listeners.add(setCurrent);
    setCurrent(state);
    return () => listeners.delete(setCurrent);
  }, []);
  return current;
}
