/** Puts the parts of a host agent together: bus, workers and bridge meet here and nowhere else. */

import type { BridgeHost } from '../bridge/bridge-host.ts';
import type { Bus } from '../bus/bus.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createBridgeHost } from './bridge-side.ts';
import type { BrokerClient } from './broker-client.ts';
import { createClaims } from './claims.ts';
import { serveCommands } from './commands.ts';
import { createDeadlines } from './deadlines.ts';
import { createDesk } from './desk.ts';
import { createEndings, type Endings, identity } from './endings.ts';
import { createFleet, type Fleet } from './fleet.ts';
import type { Host } from './host.ts';
import { createHostReports, type HostReports } from './host-reports.ts';
import { createIntake } from './intake.ts';
import { createReporter } from './reporter.ts';
import type { Spool, SpooledResult } from './spool.ts';
import { createStops, type Stops } from './stops.ts';
import { createUploads } from './uploads.ts';
import type { Attempt, Worker } from './worker.ts';

export interface AgentOptions {
	readonly host: Host;
	readonly bus: Bus;
	readonly broker: BrokerClient;
	readonly runtime: Runtime;
	readonly spool: Spool;
	/** What the spool held at the start. */
	readonly left: ReadonlyMap<string, SpooledResult>;
	/** Base URL of the bridge, as workers reach it. */
	readonly bridgeUrl: string;
	readonly agentEnv: Readonly<Record<string, string | undefined>>;
	newKey(): string;
}

export interface Agent {
	/** What the bridge talks to. */
	readonly bridgeHost: BridgeHost;
	/** Lets running jobs finish as far as `LONGSHORE_STOP_GRACE_MS` allows, then ends everything. */
	stop(): Promise<void>;
	/** Ends the workers of a stop that is under way at once. */
	hurry(): void;
}

/** Starts an agent on a bus that is connected. */
export function startAgent(options: AgentOptions): Agent {
	const { host, bus, broker, spool } = options;
	const { timers, clock } = host;
	// The parts call each other; those that are made later are reached through these.
	let endings: Endings;
	let stops: Stops;
	let fleet: Fleet;
	let reports: HostReports | null = null;

	const changed = (): void => reports?.changed();
	const jobEnded = (worker: Worker): void => {
		fleet.jobEnded(worker);
		changed();
	};
	const workerOf = (attempt: Attempt): Worker | undefined => host.workers.get(attempt.workerId);
	const stopAttempt = (attempt: Attempt): void => {
		if (attempt.state === 'ended') return;
		host.attempts.delete(attempt.key);
		timeouts.clear(attempt.key);
		if (attempt.state === 'waiting') return void desk.withdraw(attempt);
		const worker = workerOf(attempt);
		if (worker === undefined) return;
		worker.jobs.delete(attempt.job.id);
		stops.order(worker, attempt.job.id);
		jobEnded(worker);
	};
	const timeouts = createDeadlines(clock, (key) => {
		const attempt = host.attempts.get(key);
		const worker = attempt === undefined ? undefined : workerOf(attempt);
		if (attempt === undefined || worker === undefined || attempt.state === 'ended') return;
		stops.order(worker, attempt.job.id);
		endings.finish(worker, attempt, { output: null, error: 'executionTimeout exceeded', cause: 'execution_timeout' });
	});
	const reporter = createReporter({
		bus,
		clock,
		log: host.log,
		hostId: host.id,
		hostBoot: host.boot,
		retryMs: timers.eventRetryMs,
		onVerdict: (event, verdict) => endings.onVerdict(event, verdict),
	});
	const uploads = createUploads(host, broker);
	endings = createEndings({ host, reporter, spool, uploads, timeouts, jobEnded, stop: stopAttempt });
	const desk = createDesk(host, bus, {
		arrived: (endpointId, message) => intake(endpointId, message),
		handing({ attempt }, take) {
			attempt.state = 'handing';
			attempt.workerId = take.worker.id;
			attempt.startedAtMs = clock.nowMs();
			take.worker.jobs.set(attempt.job.id, attempt);
			timeouts.start(attempt.key, attempt.job.executionTimeoutMs);
		},
		handed({ attempt, message }) {
			bus.ack(message);
			if (attempt.state !== 'handing' || host.attempts.get(attempt.key) !== attempt) return;
			attempt.state = 'running';
			reporter.report({ kind: 'started', ...identity(attempt) }, null, attempt.startedAtMs);
			changed();
		},
		returned({ attempt, message }, take) {
			if (attempt.state !== 'handing' || host.attempts.get(attempt.key) !== attempt) {
				bus.ack(message);
				return false;
			}
			timeouts.clear(attempt.key);
			attempt.state = 'waiting';
			take.worker.jobs.delete(attempt.job.id);
			jobEnded(take.worker);
			return true;
		},
		untaken({ attempt, message }) {
			bus.ack(message);
			attempt.workerId = host.id;
			endings.lose(attempt, null, `no worker on host ${host.id} took the job after it was granted`);
		},
		roomChanged: changed,
	});
	const intake = createIntake({
		host,
		bus,
		broker,
		claims: createClaims(bus, host.log, timers.claimTimeoutMs),
		ready: desk.ready,
		dropped: desk.dropped,
		supersede: stopAttempt,
	});
	fleet = createFleet({
		...options,
		lose: (attempt, worker, reason) => endings.lose(attempt, worker, reason),
		exited: () => {
			desk.review();
			reports?.reportNow();
		},
		changed: () => {
			desk.review();
			changed();
		},
	});
	stops = createStops({ host, jobEnded, recycle: (worker, reason) => fleet.end(worker, timers.killGraceMs, reason) });
	reports = createHostReports({
		host,
		bus,
		freeGpus: () => fleet.freeGpus(),
		fenced(reason) {
			desk.review();
			for (const worker of host.workers.values()) if (worker.jobs.size > 0) fleet.end(worker, timers.killGraceMs, reason);
		},
		unfenced: () => desk.review(),
	});
	const drainChanged = (): void => {
		desk.review();
		changed();
	};
	serveCommands({ host, bus, fleet, stopAttempt, drainChanged, reportNow: () => reports?.reportNow() });
	endings.resume(options.left);

	return {
		bridgeHost: createBridgeHost({ host, desk, stops, endings, fleet, reporter, changed }),
		async stop() {
			host.draining = true;
			desk.review();
			await fleet.endAll(timers.stopGraceMs);
			desk.shutDown();
			await reporter.flushed(bus.isConnected() ? 3_000 : 0);
			reports?.reportNow();
			reports?.close();
			reporter.close();
			uploads.close();
			stops.shutDown();
			timeouts.close();
		},
		hurry: () => fleet.killAll(),
	};
}
