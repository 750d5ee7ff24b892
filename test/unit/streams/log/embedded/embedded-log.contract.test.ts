import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import { openLog } from '../../../../../streams/log/embedded/open-log.js';
import { describeLogContract } from '../log-contract.js';

describeLogContract('the log in memory', async () => {
  const log = await EmbeddedLog.inMemory();
  return { log, close: () => log.close() };
});

describeLogContract('the log on disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  const log = await EmbeddedLog.open({ directory });
  return {
    log,
    close: async () => {
      await log.close();
      await rm(directory, { recursive: true });
    },
  };
});

describeLogContract('the log of another process', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  const owner = await EmbeddedLog.open({ directory, serve: true });
  const log = await openLog(directory);
  return {
    log,
    close: async () => {
      await log.close();
      await owner.close();
      await rm(directory, { recursive: true });
    },
  };
});
