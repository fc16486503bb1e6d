/** The door: hands requests to the application and exports the Durable Objects. */
import { appFor } from './app.ts';
import type { Env } from './env.ts';
import { leave } from './gate/rate-limit.ts';
import { serveByHost } from './routes/balancer/app.ts';

export { AccountDirectory } from './stores/account-directory.ts';
export { AccountStore } from './stores/account-store.ts';
export { BatchStore } from './stores/batch-store.ts';
export { EndpointStore } from './stores/endpoint-store.ts';
export { JobStore } from './stores/job-store.ts';
export { KeyRing } from './stores/key-ring.ts';
export { RegionDirectory } from './stores/region-directory.ts';

export default {
	async fetch(request, env, ctx) {
		const response = await (serveByHost(request, env, ctx) ?? appFor(request.url).fetch(request, env, ctx));
		leave(request, response);
		return response;
	},
} satisfies ExportedHandler<Env>;
