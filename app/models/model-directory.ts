import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory } from '@millrace/streams/embedded';
import { z } from 'zod';
import { parseIsolationForest } from '../../detection/isolation-forest.js';
import type { ModelSource, ServiceModel } from '../../topology/services/service-model.js';
import type { Notify } from '../notice.js';

const FILE = /^services-(\d+)[.]json$/;
const CHECK_MS = 2000;
const KEPT_VERSIONS = 10;

const modelFile = z.object({
  windowsEver: z.number().default(0),
  services: z.record(
    z.string(),
    z.object({
      threshold: z.number(),
      forest: z.unknown(),
      ranges: z.array(z.tuple([z.number(), z.number()])),
      // What older versions have written does not say which hours it knows.
      hours: z.array(z.number()).default([]),
    }),
  ),
});

/** The models of a directory: a file a version, and the newest is the one that holds. */
export class ModelDirectory implements ModelSource {
  readonly #path: string;
  #model: ServiceModel | undefined;
  /** A file that is no model is told of once. */
  #refused = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  current(): ServiceModel | undefined {
    return this.#model;
  }

  /** Has the newest model, and each newer one when it comes, until it is closed. */
  static async watch(path: string, onNotice: Notify): Promise<ModelDirectory> {
    const models = new ModelDirectory(path);
    await models.#refresh(onNotice);
    models.#timer = setInterval(() => {
      // What cannot be read now is read the next time.
      models.#refresh(onNotice).catch(() => {});
    }, CHECK_MS);
    models.#timer.unref();
    return models;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** The newest version; 0 when there is none. */
  async newestVersion(): Promise<number> {
    const names = await readdir(this.#path).catch(() => []);
    return Math.max(0, ...names.map((name) => Number(FILE.exec(name)?.[1] ?? 0)));
  }

  /** Of what the newest model was trained; undefined where there is none that can be read. */
  async trainedOn(): Promise<{ readonly windowsEver: number; readonly services: number } | undefined> {
    const version = await this.newestVersion();
    try {
      const text = await readFile(join(this.#path, `services-${version}.json`), 'utf8');
      const { services, windowsEver } = modelFile.parse(JSON.parse(text));
      return { windowsEver, services: Object.keys(services).length };
    } catch {
      return undefined;
    }
  }

  /** Writes a model, all of it or nothing. @returns the file */
  async save(model: ServiceModel): Promise<string> {
    await makePrivateDirectory(this.#path);
    const path = join(this.#path, `services-${model.version}.json`);
    const file = await open(`${path}.new`, 'w');
    await file.writeFile(`${JSON.stringify(model)}\n`);
    await file.sync();
    await file.close();
    await rename(`${path}.new`, path);
    await this.#removeOld(model.version);
    return path;
  }

  async #removeOld(newest: number): Promise<void> {
    for (const name of await readdir(this.#path)) {
      if (Number(FILE.exec(name)?.[1] ?? newest) <= newest - KEPT_VERSIONS)
        await rm(join(this.#path, name), { force: true });
    }
  }

  async #refresh(onNotice: Notify): Promise<void> {
    const version = await this.newestVersion();
    if (version === (this.#model?.version ?? 0) || version === this.#refused) return;
    const path = join(this.#path, `services-${version}.json`);
    try {
      const read = modelFile.parse(JSON.parse(await readFile(path, 'utf8')));
      const services = Object.entries(read.services).map(([service, { forest, ...rest }]) => [
        service,
        { ...rest, forest: parseIsolationForest(JSON.stringify(forest)) },
      ]);
      this.#model = { version, services: Object.fromEntries(services) };
      onNotice({ kind: 'model', version });
    } catch (error) {
      this.#refused = version;
      onNotice({ kind: 'model-refused', path, why: (error as Error).message.split('\n', 1)[0] ?? '' });
    }
  }
}
