/** `$LONGSHORE_HOME/local.json`: what scripts and tests may rely on, rewritten whenever a process number changes. */
import { credentialsFile } from './layout.ts';
import type { PlannedChild, StackPlan } from './processes.ts';
import { writeState } from './state-file.ts';

/** The file's shape: a contract. */
export interface LocalJson {
	readonly url: string;
	readonly apiKey: string;
	/** Opens the edge's own operator API; each region has another. */
	readonly operatorToken: string;
	readonly consoleUrl: string;
	readonly regions: readonly {
		readonly id: string;
		readonly dataCenters: readonly string[];
		readonly url: string;
		readonly operatorToken: string;
		readonly natsUrl: string;
		/** Credentials file with a broker's rights, as NATS tools take it. */
		readonly natsCredentials: string;
	}[];
	/** Name → id. */
	readonly endpoints: Readonly<Record<string, string>>;
	/** A process that is being started again is absent for that moment. */
	readonly pids: {
		readonly edge?: number;
		readonly brokers: Readonly<Record<string, number>>;
		readonly nats: Readonly<Record<string, number>>;
		readonly hosts: Readonly<Record<string, number>>;
		/** Relays between a region and the edge, where a region has several brokers or a delay; to stop one is to cut the region off. */
		readonly links: Readonly<Record<string, number>>;
	};
}

/** Writes the file from the plan, what was deployed and the processes as they are now. */
export function writeLocalJson(
	plan: StackPlan,
	deployed: { readonly apiKey: string; readonly endpoints: Readonly<Record<string, string>> },
	running: readonly { readonly planned: PlannedChild; readonly pid: number | undefined }[],
): void {
	const url = `http://127.0.0.1:${plan.settings.port}`;
	const pidsOf = (kind: PlannedChild['kind']): Record<string, number> =>
		Object.fromEntries(running.flatMap(({ planned, pid }) => (planned.kind === kind && pid !== undefined ? [[planned.id, pid]] : [])));
	const edge = pidsOf('edge')['edge'];
	const local: LocalJson = {
		url,
		apiKey: deployed.apiKey,
		operatorToken: plan.secrets.operatorToken,
		consoleUrl: `${url}/`,
		regions: plan.network.map((region) => ({
			id: region.id,
			dataCenters: Object.keys(plan.settings.topology.regions[region.id]?.dataCenters ?? {}),
			url: region.brokerUrl,
			operatorToken: plan.secrets.regions[region.id]?.operatorToken ?? '',
			natsUrl: region.natsUrl,
			natsCredentials: credentialsFile(plan.layout, region.id),
		})),
		endpoints: deployed.endpoints,
		pids: { ...(edge === undefined ? {} : { edge }), brokers: pidsOf('broker'), nats: pidsOf('nats'), hosts: pidsOf('host'), links: pidsOf('link') },
	};
	writeState(plan.layout.localJson, local);
}
