// What the whole page knows of the daemon's health: asked for every two seconds, with five minutes of it kept for the charts.
import { useEffect, useState } from './vendor/preact.js';
import { api } from './api.js';
import { socket } from './socket.js';

export const INTERVAL_MS = 2000;
export const WINDOW_SECONDS = 300;
const SAMPLES_MAX = (WINDOW_SECONDS * 1000) / INTERVAL_MS + 1;
/** More time between two samples than this is a gap (the page was hidden), over which there is no rate. */
const GAP_MS = INTERVAL_MS * 3;

const listeners = new Set();
let state = { status: null, error: null, connected: false, samples: { times: [], records: [], bytes: [], roundTrips: [] } };
let last = null;
let timer = 0;

function publish(changes) {
  state = { ...state, ...changes };
  for (const listener of listeners) listener(state);
}

/** How fast a counter has grown since the last sample; it falls when topics are deleted. */
function growth(status, at, name) {
  if (last === null || at - last.at > GAP_MS) return null;
  return Math.max(0, ((status[name] - last.status[name]) * 1000) / (at - last.at));
}

function sampled(status, roundTrip) {
  const at = performance.now();
  // Asked again early, as the page was shown or connected: too short a time for a rate.
  if (last !== null && at - last.at < INTERVAL_MS / 2) return state.samples;
  const { times, records, bytes, roundTrips } = state.samples;
  const append = (list, value) => [...list, value].slice(-SAMPLES_MAX);
  const samples = {
    times: append(times, Date.now() / 1000),
    records: append(records, growth(status, at, 'records_taken')),
    bytes: append(bytes, growth(status, at, 'size_bytes')),
    roundTrips: append(roundTrips, roundTrip),
  };
  last = { at, status };
  return samples;
}

async function sample() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const roundTrip = await socket.ping().catch(() => null);
    const status = await api.status();
    publish({ status, error: null, samples: sampled(status, roundTrip) });
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
