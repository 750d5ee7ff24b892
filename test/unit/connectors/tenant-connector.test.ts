import { expect, it } from 'vitest';
import { connectorDirectory, loadConnectors, VARIANTS } from '../../../connectors/connector-files.js';
import { connectorOfTenant } from '../../../connectors/tenant-connector.js';

it.each(VARIANTS)(
  'a tenant’s connectors of the %s variant read, write and are called nothing without its prefix',
  async (variant) => {
    const all = await loadConnectors(connectorDirectory(variant), { CONNECT_DLQ_REPLICATION_FACTOR: '1' });
    for (const connector of all) {
      const { config, name } = connectorOfTenant(connector, 'acme.');
      expect(name).toBe(`acme.${connector.name}`);
      const topics = connector.config['topics']?.split(',') ?? [];
      expect(config['topics']?.split(',')).toEqual(topics.map((topic) => `acme.${topic}`));
      // Of what the connector is told, nothing names a topic or what it is written to as another tenant's would be named.
      const names = ['errors.deadletterqueue.topic.name', 'measurement', 'topics'];
      for (const setting of names) {
        if (config[setting] !== undefined) expect(config[setting], setting).toMatch(/^acme\./);
      }
      const kcql = config['connect.influx.kcql'];
      if (kcql !== undefined)
        expect(kcql).toMatch(/^INSERT INTO `acme\.[\w-]+` SELECT .* FROM `acme\.[\w-]+` WITHTIMESTAMP /);
      expect(connectorOfTenant(connector, '')).toEqual(connector);
    }
  },
);
