// The daemon as a whole.
import { html } from '../vendor/preact.js';
import { Chart } from '../chart.js';
import { bytes, count, duration, milliseconds, plural, rate, shortCount } from '../format.js';
import { useMonitor, WINDOW_SECONDS } from '../monitor.js';
import { CopyButton, Failure } from '../ui.js';

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

const latest = (values) => values[values.length - 1] ?? null;
const perSecond = (value) => (value === null ? '–' : `${rate(value)}/s`);

/** A chart, and what it comes to now. */
function Panel({ title, hint, lines, show, ...chart }) {
  return html`
    <section class="panel" aria-label=${title}>
      <div class="panel-head">
        <div>
          <h2>${title}</h2>
          <p class="hint">${hint}</p>
        </div>
        <dl class="figures">
          ${lines.map(({ label, second, values }) => html`<div><dt class="line ${second ? 'second' : ''}">${label}</dt><dd>${show(latest(values))}</dd></div>`)}
        </dl>
      </div>
      <${Chart} label=${`${title}: ${hint}`} lines=${lines.map((line) => ({ ...line, colour: line.second ? '--second' : '--accent' }))} ...${chart} seconds=${WINDOW_SECONDS} />
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
  const { status, error, samples } = useMonitor();
  const [durable, durableNote] = durability(status);
  return html`
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Overview</h1>
          <p class="hint">leat ${status?.version ?? '–'}, up for ${duration(status?.uptime_ms)}</p>
        </div>
      </div>
      <${Failure} error=${error} />
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
          hint="Records a second, all topics together"
          lines=${[
            { label: 'in', values: samples.stored },
            { label: 'out', values: samples.delivered, second: true },
          ]}
          show=${perSecond} format=${rate} times=${samples.times} atLeast=${5}
        />
        <${Panel}
          title="Acknowledgement latency"
          hint="From reading a batch to its acknowledgement, within the daemon"
          lines=${[
            { label: 'median', values: samples.ackMedian },
            { label: 'p99', values: samples.ackP99, second: true },
          ]}
          show=${milliseconds} format=${milliseconds} times=${samples.times} atLeast=${1}
        />
      </div>
      <dl class="facts">
        <div><dt>Broker</dt><dd class="mono">${status?.broker_id ?? '–'} ${status && html`<${CopyButton} text=${() => status.broker_id} />`}</dd></div>
        <div><dt>Data directory</dt><dd class="mono">${status?.data_dir ?? '–'}</dd></div>
        <div><dt>Threads</dt><dd>${count(status?.threads)}</dd></div>
      </dl>
    </div>
  `;
}
