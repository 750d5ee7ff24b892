import type { Connector } from './connector-files.js';

const DEAD_LETTERS = 'errors.deadletterqueue.topic.name';
/** Of Lenses' sink: what it inserts into, and from which topic. */
const KCQL = 'connect.influx.kcql';
const KCQL_NAMES = /^(INSERT INTO )(\S+)( SELECT .* FROM )(\S+)/;

/**
 * The connector of a tenant: its name, its topics, and what it writes begin with the prefix. An index of Elasticsearch has
 * the name of its topic; the group of consumers has the connector's.
 *
 * @param prefix empty: of no tenant
 */
export function connectorOfTenant({ config, file, name }: Connector, prefix: string): Connector {
  if (prefix === '') return { config, file, name };
  const prefixed = (setting: string, change = (text: string) => prefix + text) => {
    const text = config[setting];
    return text === undefined ? {} : { [setting]: change(text) };
  };
  return {
    name: prefix + name,
    file,
    config: {
      ...config,
      ...prefixed('topics', (topics) =>
        topics
          .split(',')
          .map((topic) => prefix + topic.trim())
          .join(','),
      ),
      ...prefixed(DEAD_LETTERS),
      ...prefixed('measurement'),
      // In KCQL a name with a dot stands in backquotes.
      ...prefixed(KCQL, (query) =>
        query.replace(KCQL_NAMES, (_, insert, into, from, topic) => {
          return `${insert}\`${prefix}${into}\`${from}\`${prefix}${topic}\``;
        }),
      ),
    },
  };
}
