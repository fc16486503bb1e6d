/** Asks load-balanced workers how they are, and makes of it what the rest of the agent goes by: whether they are ready, unhealthy, or to be ended. */
import { get } from 'node:http';
import { type Health, type HealthSign, hopeless, newHealth, nextHealth } from '../core/http-health.ts';
import type { HttpPorts } from '../core/http-ports.ts';
import type { Host } from './host.ts';
import type { Worker } from './worker.ts';

/** Workers bind where they like, but always here too. */
const WORKER_HOST = '127.0.0.1';
/** A look without an answer is given up after this. */
const LOOK_MS = 5_000;
/** A worker that is about to become ready is asked at least this often. */
const EAGER_MS = 250;

export interface HealthWatchParts {
	readonly host: Host;
	/** A worker became ready, or is no longer. */
	changed(): void;
	end(worker: Worker, reason: string): void;
}

/** Watches one worker until it has exited or is frozen; a thawed one is watched anew. */
export function watchHealth(parts: HealthWatchParts, worker: Worker, ports: HttpPorts): void {
	const { clock, timers } = parts.host;
	const { startedAtMs } = worker;
	let health = newHealth(clock.nowMs());
	const look = async (): Promise<void> => {
		const sign = await lookAt(ports, worker);
		if (worker.exit !== null || worker.stage === 'frozen' || worker.startedAtMs !== startedAtMs) return;
		const before = health;
		health = nextHealth(before, sign, clock.nowMs());
		if (health.state !== before.state) note(parts, worker, before, health, sign);
		const reason = worker.terminating ? null : hopeless(health, { startMs: timers.healthStartMs, lostMs: timers.healthLostMs }, clock.nowMs());
		if (reason !== null) parts.end(worker, reason);
		const pauseMs = health.state === 'healthy' ? timers.healthCheckMs : Math.min(EAGER_MS, timers.healthCheckMs);
		setTimeout(() => void look(), pauseMs).unref();
	};
	void look();
}

function note({ host, changed }: HealthWatchParts, worker: Worker, before: Health, health: Health, sign: HealthSign): void {
	const nowMs = host.clock.nowMs();
	const said = sign.kind === 'status' ? `status ${sign.status}` : 'no answer';
	if (health.state === 'healthy' && !before.everHealthy) {
		const startedMs = Math.round(nowMs - worker.startedAtMs);
		const initializingMs = health.firstInitializingMs === null ? null : Math.round(nowMs - health.firstInitializingMs);
		worker.log.note(`healthy ${startedMs} ms after its start${initializingMs === null ? '' : `, ${initializingMs} ms after it first said that it initializes`}`);
	} else worker.log.note(`${health.state}: ${said}`);
	worker.contacted = health.state !== 'initializing';
	worker.unhealthyReason = health.state === 'unhealthy' ? `its health path says ${said}` : null;
	if (health.state === 'healthy') worker.idleSinceMs = nowMs;
	host.log.info('health of a worker', { workerId: worker.id, endpointId: worker.endpointId, state: health.state, said });
	changed();
}

function lookAt({ healthPort, healthPath }: HttpPorts, worker: Worker): Promise<HealthSign> {
	return new Promise((resolve) => {
		const request = get({ host: WORKER_HOST, port: healthPort, path: healthPath, agent: false, timeout: LOOK_MS, headers: { connection: 'close' } }, (response) => {
			response.resume();
			response.once('error', () => {});
			resolve({ kind: 'status', status: response.statusCode ?? 0 });
		});
		request.once('timeout', () => {
			resolve({ kind: worker.requests > 0 ? 'busy' : 'silent' });
			request.destroy();
		});
		request.on('error', () => resolve({ kind: 'silent' }));
	});
}
