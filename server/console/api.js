// The HTTP side of the daemon's public API. Addresses are relative, so that a proxy may serve the daemon under a path.
import { useEffect, useRef, useState } from './vendor/preact.js';

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The broker answered ${status}.`);
    this.status = status;
    this.code = problem.code;
  }
}

/** A proxy may answer with something else than JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function textOf(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, { detail: 'The broker does not answer.' });
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, parsed(text));
  return text;
}

const call = async (method, path, body) => parsed(await textOf(method, path, body));

const topicPath = (name) => `v1/topics/${encodeURIComponent(name)}`;

/** All pages of a list; `key` names what one is listed behind. */
async function listAll(path, member, key) {
  const all = [];
  for (;;) {
    const after = all.length > 0 ? `?after=${encodeURIComponent(all[all.length - 1][key])}` : '';
    const page = await call('GET', path + after);
    all.push(...page[member]);
    if (!page.more) return all;
  }
}

export const api = {
  status: () => call('GET', 'v1/status'),
  metrics: () => textOf('GET', 'metrics'),
  topics: () => listAll('v1/topics', 'topics', 'name'),
  topic: (name) => call('GET', topicPath(name)),
  createTopic: (topic) => call('POST', 'v1/topics', topic),
  deleteTopic: (name) => call('DELETE', topicPath(name)),
  clients: () => listAll('v1/clients', 'clients', 'id'),
};

/**
 * What `load` returns, asked for again every `interval` ms while the page is seen. `refresh` asks at once; `at` is when the data came.
 */
export function usePolled(load, interval, key) {
  const [state, setState] = useState({});
  const refresh = useRef(() => {});
  useEffect(() => {
    let timer = 0;
    let ended = false;
    const ask = async () => {
      clearTimeout(timer);
      let next;
      try {
        next = { data: await load(), at: performance.now() };
      } catch (error) {
        next = { error };
      }
      if (ended) return;
      setState((last) => ({ ...last, error: undefined, ...next }));
      schedule();
    };
    const schedule = () => {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(ask, interval);
    };
    const onVisibility = () => (document.hidden ? clearTimeout(timer) : ask());
    refresh.current = ask;
    setState({});
    ask();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [key]);
  return { ...state, refresh: () => refresh.current() };
}
