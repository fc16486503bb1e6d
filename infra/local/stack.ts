/** The stack as a whole: the order in which things are set up, started, deployed and stopped. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleEdge } from '../workerd/bundle.ts';
import { deploy, registerRegions, untilHostsKnown } from './deploy.ts';
import { edgeApi } from './edge-api.ts';
import { enrolHosts, hostsToEnrol } from './enrol-hosts.ts';
import { prepareExample } from './example.ts';
import { endProcesses, type HomeLock, takeHome } from './home-lock.ts';
import { layoutOf } from './layout.ts';
import { writeLocalJson } from './local-json.ts';
import { ensureNatsServer } from './nats-server.ts';
import { planNetwork, type RegionNetwork } from './network.ts';
import { isPortFree, openPortBook } from './ports.ts';
import { brokerChildren, edgeChild, hostChildren, linkChildren, natsChildren, type PlannedChild, type StackPlan } from './processes.ts';
import { loadSecrets } from './secrets.ts';
import type { StackSettings } from './settings.ts';
import { renderSummary } from './summary.ts';
import { type Child, supervise } from './supervise.ts';

/** Later kinds first: hosts hand in what they finished while brokers and edge still listen. */
const STOP_ORDER: readonly (readonly PlannedChild['kind'][])[] = [['host'], ['broker'], ['link', 'edge'], ['nats']];

/** What a test puts between the parts of a stack, and into them. */
export interface StackSeams {
	/** The addresses that the parts are told of, for those on which they listen. */
	network(planned: readonly RegionNetwork[]): Promise<readonly RegionNetwork[]>;
	child(planned: PlannedChild): PlannedChild;
}

const NO_SEAMS: StackSeams = { network: async (planned) => planned, child: (planned) => planned };

export class Stack {
	readonly #settings: StackSettings;
	readonly #say: (line: string) => void;
	readonly #seams: StackSeams;
	readonly #children: { readonly planned: PlannedChild; readonly child: Child }[] = [];
	#lock: HomeLock | undefined;
	#stopping = false;
	/** Known once everything is deployed; from then on `local.json` follows every change. */
	#publish: (() => void) | undefined;

	constructor(settings: StackSettings, say: (line: string) => void, seams: StackSeams = NO_SEAMS) {
		this.#settings = settings;
		this.#seams = seams;
		this.#say = say;
	}

	/** Brings everything up and returns the summary to print. Throws when something cannot be set up or does not come up. */
	async start(): Promise<string> {
		const { port, home, topology, dev } = this.#settings;
		const layout = layoutOf(home);
		this.#lock = await takeHome(home, layout.hosts, this.#say);
		rmSync(layout.localJson, { force: true });
		if (!(await isPortFree(port))) throw new Error(`PORT: ${port} on 127.0.0.1 is taken by another program; choose another: PORT=${port + 1} npm start`);
		const natsServer = await ensureNatsServer(this.#say);
		const bundle = dev ? undefined : await bundleEdge(this.#say);
		const example = await prepareExample(this.#settings.example, topology, this.#say);
		const startedMs = performance.now();
		const ports = openPortBook(layout.ports);
		const network = await this.#seams.network(await planNetwork(topology, port, ports));
		const plan: StackPlan = { settings: this.#settings, layout, secrets: loadSecrets(layout.secrets, topology), network, natsServer };
		ports.save();
		await this.#run([...natsChildren(plan), edgeChild(plan, bundle), ...linkChildren(plan)]);
		const url = `http://127.0.0.1:${port}`;
		const api = edgeApi(url);
		await registerRegions(api, plan.secrets, plan.network);
		await untilHostsKnown(api, plan.secrets, await this.#runRegions(plan));
		const deployed = await deploy(api, plan.secrets, dev ? layout.deployedDev : layout.deployed, example);
		writeLocalJson(plan, deployed, this.#running());
		this.#publish = () => this.#rewrite(() => writeLocalJson(plan, deployed, this.#running()));
		return renderSummary({
			url,
			apiKey: deployed.apiKey,
			home,
			seconds: (performance.now() - startedMs) / 1_000,
			topology,
			edgeLog: dev ? join(layout.logs, 'edge.log') : undefined,
			example: example === undefined ? undefined : { ...example, id: deployed.endpoints[example.name] ?? '' },
		});
	}

	/** Ends everything in order. Returns the names of what had to be killed afterwards: nothing, if all is well. */
	async stop(): Promise<string[]> {
		this.#stopping = true;
		this.#publish = undefined;
		for (const kinds of STOP_ORDER) {
			await Promise.all(this.#children.filter(({ planned }) => kinds.includes(planned.kind)).map(({ child }) => child.stop()));
		}
		const left = this.#lock?.survivors() ?? [];
		await endProcesses(left);
		return left.map((one) => `process ${one.pid}`);
	}

	/** Ends everything at once; the next start cleans up what this one could not. */
	kill(): void {
		this.#stopping = true;
		for (const { child } of this.#children) child.kill();
		for (const survivor of this.#lock?.survivors() ?? []) process.kill(survivor.pid, 'SIGKILL');
	}

	/** Brokers and hosts side by side; hosts that are new wait for the brokers to let them in. Returns how many hosts there are. */
	async #runRegions(plan: StackPlan): Promise<number> {
		const strangers = hostsToEnrol(plan);
		const names = new Set(strangers.map(({ hostId }) => hostId));
		const known = hostChildren(plan, {}).filter(({ id }) => !names.has(id));
		await this.#run([...brokerChildren(plan), ...known]);
		const tokens = await enrolHosts(plan, strangers);
		const strange = hostChildren(plan, tokens).filter(({ id }) => names.has(id));
		await this.#run(strange);
		return known.length + strange.length;
	}

	async #run(planned: readonly PlannedChild[]): Promise<void> {
		if (this.#stopping) throw new Error('stopped while starting');
		const started = planned.map((one) => {
			const child = supervise(this.#seams.child(one).spec, { onPid: (name, pid) => this.#onPid(name, pid), notice: this.#say });
			this.#children.push({ planned: one, child });
			return child;
		});
		await Promise.all(started.map((child) => child.ready));
	}

	#onPid(name: string, pid: number | undefined): void {
		if (pid === undefined) this.#lock?.ended(name);
		else this.#lock?.started(name, pid);
		this.#publish?.();
	}

	/** A full disk or a removed home must not end the supervision of what runs. */
	#rewrite(write: () => void): void {
		try {
			write();
		} catch (error) {
			this.#say(`Could not rewrite local.json: ${(error as Error).message}`);
		}
	}

	#running(): { readonly planned: PlannedChild; readonly pid: number | undefined }[] {
		return this.#children.map(({ planned, child }) => ({ planned, pid: child.pid() }));
	}
}
