import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link } from 'wouter';
import { topicsOf } from '../../api/questions.js';
import { Icon, type IconName } from '../../parts/icon.js';
import { useCopy } from '../../parts/use-copy.js';
import { count } from '../../parts/wording.js';
import { TopBar } from '../../shell/top-bar.js';
import { SendLines } from './send-lines.js';

const WAYS: readonly { icon: IconName; title: string; says: string; command: string }[] = [
  {
    icon: 'file',
    title: 'A log file on this machine',
    says: 'NGINX combined or common, JSON lines, or any log_format; compressed too. Followed across rotation.',
    command: 'npm start -- --input /var/log/nginx/access.log --follow',
  },
  {
    icon: 'stdin',
    title: 'Standard input',
    says: 'Read to its end, with every window closed.',
    command: 'zcat logs/*.gz | npm start -- --input - --once --grace 60s',
  },
  {
    icon: 'webhook',
    title: 'Programs that send',
    says: 'OpenTelemetry, Elasticsearch’s bulk API, plain lines: with a token of the role ingest, which Settings makes.',
    command: 'npm start -- --listen',
  },
  {
    icon: 'kafka',
    title: 'Kafka',
    says: 'Avro ServiceLog into logs and SensorReading into sensor-topic, keyed by service and by sensor.',
    command: 'npm start -- --brokers 127.0.0.1:9092 --registry http://127.0.0.1:8081',
  },
  {
    icon: 'zap',
    title: 'Only looking',
    says: 'Simulated requests, service lines and sensors, with faults in them.',
    command: 'npm start',
  },
];

/** Instead of an overview of nothing: how lines come in. With the first one the overview takes over. */
export function StartPage() {
  const { copy, said } = useCopy();
  const { data: topics } = useQuery(topicsOf());
  const names = new Set(topics?.items.map(({ name }) => name));
  const hasInput = ['test-inter', 'logs', 'sensor-topic'].some((name) => names.has(name));
  return (
    <>
      <TopBar title="Overview" />
      <main id="main" className="fm-w">
        <section className="fm">
          <p className="st quiet">
            <Icon name="radio" />
            Nothing has come in yet
          </p>
          <h2>Point it at a log</h2>
          <p className="lead t2">
            Nothing has to be configured. The format is recognised, and the first figures are here with the first line.
          </p>
          <ul className="ways">
            <li>
              <span className="wy-i">
                <Icon name="logs" />
              </span>
              <div>
                <h3>Lines at hand</h3>
                <p className="s t2">
                  Paste some, or choose a file. The pipeline takes them if it was started with <code>--listen</code>.
                </p>
                <SendLines />
              </div>
            </li>
            {WAYS.map(({ command, icon, says, title }) => (
              <li key={title}>
                <span className="wy-i">
                  <Icon name={icon} />
                </span>
                <div>
                  <h3>{title}</h3>
                  <p className="s t2">{says}</p>
                  <p className="cmd mono">
                    <span className="dim">$</span>
                    <code>
                      {command.split(' ').map((word, index) => (
                        <Fragment key={`${index}${word}`}>
                          {index > 0 && ' '}
                          <span className="nw">{word}</span>
                        </Fragment>
                      ))}
                    </code>
                    <button
                      type="button"
                      className="btn ghost sm sq"
                      aria-label={`Copy: ${command}`}
                      onClick={() => void copy(command, 'Command')}
                    >
                      <Icon name="copy" />
                    </button>
                  </p>
                </div>
              </li>
            ))}
          </ul>
          <span className="copied" role="status">
            {said}
          </span>
        </section>
        <aside className="fs" aria-label="What is there">
          <h3>What is there</h3>
          <ol className="steps">
            <li className={hasInput ? 'done' : 'now'}>
              <Icon name={hasInput ? 'ok' : 'radio'} />
              <div>
                <b>{hasInput ? 'A pipeline has run here' : 'No pipeline has run here'}</b>
                <span>{topics === undefined ? 'the log is being read' : count(topics.items.length, 'topic')}</span>
              </div>
            </li>
            <li className={hasInput ? 'now' : ''}>
              <Icon name={hasInput ? 'radio' : 'clock'} />
              <div>
                <b>Waiting for the first line</b>
                <span>in test-inter, logs or sensor-topic</span>
              </div>
            </li>
          </ol>
          <h3>If it stays empty</h3>
          <ul className="ifs">
            <li>
              Lines arrive, but in no known format: they are in{' '}
              <Link className="lnk" href="/logs?source=dead-letters">
                Dead letters
              </Link>
              , each with its reason.
            </li>
            <li>
              Lines arrive, but all are late:{' '}
              <Link className="lnk" href="/logs?source=late">
                Late
              </Link>{' '}
              says which grace would keep them.
            </li>
            <li>
              No new line is written: <code>--follow</code> reads what is added.
            </li>
          </ul>
        </aside>
      </main>
    </>
  );
}
