import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from 'vitest';
import { type RecordedModel, startRecordedModel } from './model.ts';
import { type Folders, openScene, type Scene, type SceneOptions } from './scene.ts';

interface Fixtures {
  model: RecordedModel;
  /** A new driver in a new sandbox, ready for its first prompt. It is stopped and removed after the test. */
  start(options?: SceneOptions): Promise<Scene>;
}

export const test = base.extend<Fixtures>({
  model: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures from the pattern
    async ({}, use) => {
      const model = await startRecordedModel();
      await use(model);
      await model.close();
    },
    { scope: 'file' },
  ],
  async start({ model }, use) {
    const scenes: Scene[] = [];
    const roots: string[] = [];
    await use(async (options = {}) => {
      const folders = options.folders ?? (await makeFolders(roots));
      const scene = openScene(options, folders, model.open());
      scenes.push(scene);
      await scene.driver.start();
      return scene;
    });
    for (const { driver } of scenes) await driver.stop();
    for (const root of roots) await rm(root, { recursive: true, force: true, maxRetries: 5 });
  },
});

async function makeFolders(roots: string[]): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'claude-driver-'));
  roots.push(root);
  const folders = { workspace: join(root, 'work'), home: join(root, 'home'), state: join(root, 'state') };
  for (const folder of Object.values(folders)) await mkdir(folder);
  return folders;
}
