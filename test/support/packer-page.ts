/** The commands of docs/golden-image.md, to be run as they stand there. */

import { readFileSync } from 'node:fs';
import { inRepo } from './cli.ts';

/** The page's blocks of commands. */
export interface Page {
  /** Writes out/ by toa.yaml. */
  readonly render: string;
  /** Makes the seed and builds the image. */
  readonly build: string;
  /** Judges it. */
  readonly judge: string;
  readonly alibaba: string;
  readonly amazon: string;
  readonly host: string;
  readonly fragment: string;
}

/** For a target in place of the page's. Throws where the page has other blocks than somebody runs. */
export function goldenImagePage(target = 'debian-12'): Page {
  const text = readFileSync(inRepo('docs/golden-image.md'), 'utf8').replaceAll('debian-12', target);
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  const [render = '', image = '', alibaba = '', amazon = '', host = '', fragment = '', ...more] = blocks;
  const [, build, judge] = /^([\s\S]*)^(toa-bake validate .*)\n$/m.exec(image) ?? [];
  if (!fragment || more.length > 0 || !build || !judge) throw new Error('docs/golden-image.md has other commands');
  return { render, build, judge, alibaba, amazon, host, fragment };
}
