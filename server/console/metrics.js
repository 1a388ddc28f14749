// What the charts need of /metrics, which is Prometheus' text format.
const WANTED = /^leat_(delivered_records_total|ack_latency_seconds_bucket)\{(.*)\} (\S+)$/gm;

/** `delivered`: records, over all topics. `acks`: how many took no longer than each bound in seconds, `none` left out, which waits for nothing. */
export function parseMetrics(text) {
  let delivered = 0;
  const acks = new Map();
  for (const [, name, labels, value] of text.matchAll(WANTED)) {
    if (name === 'delivered_records_total') {
      delivered += Number(value);
    } else if (!labels.includes('ack="none"')) {
      const bound = Number(labels.match(/le="([^"]*)"/)[1].replace('+Inf', 'Infinity'));
      acks.set(bound, (acks.get(bound) ?? 0) + Number(value));
    }
  }
  return { delivered, acks: [...acks].sort(([a], [b]) => a - b) };
}

/** The seconds that this share of what came between two readings did not exceed, even spread within a bucket supposed; or null when nothing came. */
export function quantile(before, after, share) {
  const earlier = new Map(before);
  const grown = after.map(([bound, total]) => [bound, total - (earlier.get(bound) ?? 0)]);
  const all = grown[grown.length - 1]?.[1] ?? 0;
  if (all <= 0) return null;
  let [low, below] = [0, 0];
  for (const [bound, total] of grown) {
    if (total >= all * share) return bound === Infinity ? low : low + ((bound - low) * (all * share - below)) / (total - below);
    [low, below] = [bound, total];
  }
  return low;
}
