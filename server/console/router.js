// The view and its state are in the address, behind the #, so that a reload or a link shows the same again.
import { useEffect, useState } from './vendor/preact.js';

const listeners = new Set();

/** "#/topics/a%20b?from=5" -> {segments: ["topics", "a b"], params: {from: "5"}} */
export function parse(hash) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?');
  const segments = path.split('/').filter(Boolean).map(decode);
  return { segments, params: Object.fromEntries(new URLSearchParams(query)) };
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The address of a view; parameters that are empty are left out. */
export function href(segments, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '' && value != null));
  const path = '#/' + segments.map(encodeURIComponent).join('/');
  return query.size > 0 ? `${path}?${query}` : path;
}

export const current = () => parse(location.hash);

export function navigate(segments, params = {}) {
  location.hash = href(segments, params);
}

/** Changes parameters of the view that is shown, without a step in the history. `silently`: nothing is rendered anew. */
export function amend(changes, { silently = false } = {}) {
  const { segments, params } = current();
  history.replaceState(null, '', href(segments, { ...params, ...changes }));
  if (!silently) for (const listener of listeners) listener();
}

/** `visit` is another number after every step in the history: a view begins anew then. */
export function useRoute() {
  const [route, setRoute] = useState(() => ({ ...current(), visit: 0 }));
  useEffect(() => {
    const onAmended = () => setRoute(({ visit }) => ({ ...current(), visit }));
    const onVisited = () => setRoute(({ visit }) => ({ ...current(), visit: visit + 1 }));
    listeners.add(onAmended);
    addEventListener('hashchange', onVisited);
    return () => {
      listeners.delete(onAmended);
      removeEventListener('hashchange', onVisited);
    };
  }, []);
  return route;
}
