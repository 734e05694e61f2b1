#!/usr/bin/env node
import { main } from './main.ts';

// Whoever reads has seen enough (`toa-bake targets | head`); that is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await main(process.argv.slice(2));
