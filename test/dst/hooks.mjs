/** Lets the edge's Durable Objects be imported in Node: `cloudflare:workers` is the simulated runtime's own base class. */
import { registerHooks } from 'node:module';

const BASE = new URL('./durable-object.ts', import.meta.url).href;

registerHooks({
	resolve: (specifier, context, next) => (specifier === 'cloudflare:workers' ? { url: BASE, format: 'module-typescript', shortCircuit: true } : next(specifier, context)),
});
