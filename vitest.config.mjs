import { defineConfig } from 'vitest/config';
import { templateModule } from './scripts/templates.mjs';

/** As in scripts/build.mjs. */
const templates = {
  name: 'templates',
  transform: (code, id) => (id.endsWith('.hbs') ? templateModule(id, code) : null),
};

/** `fast` runs in `npm run check`; `vm` is what takes longer: mostly it boots machines, which have one core each, so that two run at a time, and sets its own limits; `matrix` is `npm run test:vm`. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [templates],
        test: {
          name: 'fast',
          include: ['test/{unit,golden,guest,tools,image}/**/*.test.ts'],
          exclude: ['**/*.long.test.ts'],
          // By default one core is kept free.
          maxWorkers: '100%',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [templates],
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts', 'test/**/*.long.test.ts'],
          maxWorkers: 2,
          maxConcurrency: 2,
          testTimeout: 1_200_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        plugins: [templates],
        test: {
          name: 'matrix',
          include: ['test/vm/**/*.matrix.ts'],
          fileParallelism: false,
          testTimeout: 1_200_000,
          hookTimeout: 1_800_000,
        },
      },
    ],
  },
});
