// A topic: its records as they come, a form to publish, its settings.
import { html, useState } from '../vendor/preact.js';
import { api, usePolled } from '../api.js';
import { bytes, plural } from '../format.js';
import { amend, href, navigate } from '../router.js';
import { Empty, Failure, Kbd, useShortcuts } from '../ui.js';
import { Publish } from './publish.js';
import { Settings } from './settings.js';
import { RecordTail } from './tail.js';
import { DeleteTopic } from './topics.js';

const TABS = [
  ['', 'Records'],
  ['settings', 'Settings'],
];

function Summary({ topic }) {
  if (!topic) return ' ';
  const kept = topic.partitions.reduce((sum, { log_start: low, high_watermark: high }) => sum + high - low, 0);
  const size = topic.partitions.reduce((sum, partition) => sum + partition.size_bytes, 0);
  return `${plural(kept, 'record')} in ${plural(topic.partitions.length, 'partition')}, ${bytes(size)}, ${topic.settings.durability.value}`;
}

export function Topic({ name, params }) {
  const { data: topic, error, refresh } = usePolled(() => api.topic(name), 2000, name);
  const [publishes, setPublishes] = useState(params.publish === '1');
  const [deletes, setDeletes] = useState(false);
  const tab = params.tab === 'settings' ? 'settings' : '';
  const showPublish = (shown) => {
    setPublishes(shown);
    amend({ publish: shown ? '1' : '', ...(shown ? { tab: '' } : {}) });
  };
  useShortcuts({ n: () => showPublish(true) });
  if (error?.status === 404) {
    return html`<${Empty} title="There is no topic ${name}"><a href=${href(['topics'])}>See those there are</a><//>`;
  }
  const panel = publishes
    ? {
        title: 'Publish a record',
        body: html`<${Publish} topic=${name} partitions=${topic?.partitions.length ?? 1} onPublished=${refresh} />`,
        onClose: () => showPublish(false),
      }
    : null;
  return html`
    <div class="page page-fill">
      <div class="page-head">
        <div class="page-title">
          <p class="crumb"><a href=${href(['topics'])}>Topics</a></p>
          <h1 title=${name}>${name}</h1>
          <p class="hint"><${Summary} topic=${topic} /></p>
        </div>
        <div class="page-actions">
          <div class="tabs" role="tablist" aria-label="Views of the topic">
            ${TABS.map(
              ([key, label]) => html`
                <button type="button" role="tab" aria-selected=${tab === key} onClick=${() => amend({ tab: key })}>${label}</button>
              `,
            )}
          </div>
          <button type="button" class="primary" onClick=${() => showPublish(true)}>Publish <${Kbd} keys="n" /></button>
        </div>
      </div>
      <${Failure} error=${error} />
      ${tab === ''
        ? html`<${RecordTail} topic=${name} partitions=${topic?.partitions} params=${params} panel=${panel} />`
        : html`<${Settings} topic=${topic} onDelete=${() => setDeletes(true)} />`}
      ${deletes &&
      html`<${DeleteTopic} topic=${topic} onClose=${() => setDeletes(false)} onDeleted=${() => navigate(['topics'])} />`}
    </div>
  `;
}
