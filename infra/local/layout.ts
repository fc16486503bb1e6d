/** Where the stack keeps what, below its home. */
import { join } from 'node:path';

/** Paths of one home. */
export interface Layout {
	readonly home: string;
	readonly secrets: string;
	readonly ports: string;
	/** Account, key and deployed endpoints. Under `wrangler dev` the edge keeps other data, so it has another file. */
	readonly deployed: string;
	readonly deployedDev: string;
	readonly localJson: string;
	readonly logs: string;
	readonly edge: string;
	readonly edgeData: string;
	readonly nats: string;
	readonly hosts: string;
	/** Network volumes, a directory for each data centre. */
	readonly volumes: string;
}

/** A login with a broker's rights on the region's NATS, for tools (`nats --creds`). */
export function credentialsFile(layout: Pick<Layout, 'nats'>, regionId: string): string {
	return join(layout.nats, `${regionId}.creds`);
}

export function layoutOf(home: string): Layout {
	return {
		home,
		secrets: join(home, 'secrets.json'),
		ports: join(home, 'ports.json'),
		deployed: join(home, 'deployed.json'),
		deployedDev: join(home, 'deployed-dev.json'),
		localJson: join(home, 'local.json'),
		logs: join(home, 'logs'),
		edge: join(home, 'edge'),
		edgeData: join(home, 'edge/data'),
		nats: join(home, 'nats'),
		hosts: join(home, 'hosts'),
		volumes: join(home, 'volumes'),
	};
}
