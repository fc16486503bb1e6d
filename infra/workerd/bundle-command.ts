/** `npm run bundle`: prints the path of the bundled Worker. */
import { bundleEdge } from './bundle.ts';

process.stdout.write(`${await bundleEdge((line) => process.stderr.write(`${line}\n`))}\n`);
