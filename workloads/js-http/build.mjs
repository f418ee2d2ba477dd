// Makes app.js a component: node build.mjs OUTPUT

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { componentize } from '@bytecodealliance/componentize-js';

const output = process.argv[2];
if (!output) {
  console.error('usage: node build.mjs OUTPUT');
  process.exit(2);
}

const source = await readFile(new URL('app.js', import.meta.url), 'utf8');
const { component } = await componentize(source, {
  witPath: fileURLToPath(new URL('../wit/http', import.meta.url)),
  worldName: 'http',
});
await mkdir(dirname(output), { recursive: true });
await writeFile(output, component);
