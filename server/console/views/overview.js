// The daemon as a whole.
import { html } from '../vendor/preact.js';
import { Chart } from '../chart.js';
import { bytes, count, duration, milliseconds, plural, rate, shortCount } from '../format.js';
import { useMonitor, WINDOW_SECONDS } from '../monitor.js';
import { CopyButton } from '../ui.js';

const RECORDS = { label: 'Records stored a second', colour: '--accent', atLeast: 5 };
const ROUND_TRIP = { label: 'Round trip in milliseconds', colour: '--second', atLeast: 2 };

function Tile({ label, value, note, children }) {
  return html`
    <div class="tile">
      <dt>${label}</dt>
      <dd class="figure">${value}</dd>
      <dd class="note">${note}${children}</dd>
    </div>
  `;
}

function Disk({ status }) {
  const { disk_free_bytes: free, disk_total_bytes: total, disk_reserve_bytes: reserve } = status ?? {};
  const used = total ? 1 - free / total : 0;
  const isShort = free !== undefined && free < reserve * 4;
  return html`
    <${Tile} label="Disk free" value=${bytes(free)} note=${total ? `of ${bytes(total)}` : ' '}>
      <div class="bar ${isShort ? 'short' : ''}" role="img" aria-label="${Math.round(used * 100)} % used">
        <div style=${{ width: `${used * 100}%` }}></div>
      </div>
    <//>
  `;
}

/** The value that this share of them does not exceed. */
function percentile(values, share) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const perSecond = (value) => (value === null ? '–' : `${rate(value)}/s`);

function Panel({ title, hint, figures, children }) {
  return html`
    <section class="panel" aria-label=${title}>
      <div class="panel-head">
        <div>
          <h2>${title}</h2>
          <p class="hint">${hint}</p>
        </div>
        <dl class="figures">
          ${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
        </dl>
      </div>
      ${children}
    </section>
  `;
}

function durability(status) {
  if (!status || status.topics === 0) return ['durable', 'unless a topic says otherwise'];
  const weaker = status.topics - status.topics_durable;
  if (weaker === 0) return ['durable', 'every topic: on disk before it is acknowledged'];
  return [`${status.topics_durable} of ${status.topics}`, `${plural(weaker, 'topic')} may lose the last records to a power cut`];
}

export function Overview() {
  const { status, samples } = useMonitor();
  const now = (list) => list[list.length - 1] ?? null;
  const [durable, durableNote] = durability(status);
  return html`
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Overview</h1>
          <p class="hint">leat ${status?.version ?? '–'}, up for ${duration(status?.uptime_ms)}</p>
        </div>
      </div>
      ${status?.state === 'failed' &&
      html`<p class="failure" role="alert">
        A write to the disk failed. Nothing more is acknowledged; what is durable is still served. See the daemon's log.
      </p>`}
      <dl class="tiles">
        <${Tile} label="Topics" value=${count(status?.topics)} note=${status ? plural(status.partitions, 'partition') : ' '} />
        <${Tile} label="Records kept" value=${shortCount(status?.records_kept)} note="${bytes(status?.size_bytes)} on disk" />
        <${Tile} label="Durability" value=${durable} note=${durableNote} />
        <${Tile} label="Connections" value=${count(status?.connections)} note="this page is among them" />
        <${Disk} status=${status} />
      </dl>
      <div class="panels">
        <${Panel}
          title="Throughput"
          hint="Records stored a second, all topics"
          figures=${[
            ['now', perSecond(now(samples.records))],
            ['peak', perSecond(percentile(samples.records, 1))],
          ]}
        >
          <${Chart} times=${samples.times} values=${samples.records} series=${RECORDS} format=${rate} seconds=${WINDOW_SECONDS} />
        <//>
        <${Panel}
          title="Latency"
          hint="From this page to the broker and back"
          figures=${[
            ['median', milliseconds(percentile(samples.roundTrips, 0.5))],
            ['p99', milliseconds(percentile(samples.roundTrips, 0.99))],
          ]}
        >
          <${Chart} times=${samples.times} values=${samples.roundTrips} series=${ROUND_TRIP} format=${milliseconds} seconds=${WINDOW_SECONDS} />
        <//>
      </div>
      <dl class="facts">
        <div><dt>Broker</dt><dd class="mono">${status?.broker_id ?? '–'} ${status && html`<${CopyButton} text=${() => status.broker_id} />`}</dd></div>
        <div><dt>Data directory</dt><dd class="mono">${status?.data_dir ?? '–'}</dd></div>
        <div><dt>Threads</dt><dd>${count(status?.threads)}</dd></div>
      </dl>
    </div>
  `;
}
