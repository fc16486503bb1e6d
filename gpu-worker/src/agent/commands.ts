/** Carries out what the region's fleet leader orders on `ctl.<host>`. */
import { type HostCommand, type HostReply, hostCommand } from '@longshore/shared-schema/wire/bus';
import { controlSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus } from '../bus/bus.ts';
import { WorkerStartError } from '../runtime/runtime.ts';
import type { Fleet } from './fleet.ts';
import type { Host } from './host.ts';
import { NotFrozenError } from './waking.ts';
import { type Attempt, attemptKey } from './worker.ts';

export interface CommandsParts {
	readonly host: Host;
	readonly bus: Bus;
	readonly fleet: Fleet;
	stopAttempt(attempt: Attempt): void;
	/** Of these attempts, those that the edge will still hear of from here: in hand, or ended or lost without a verdict. */
	heldOf(keys: readonly string[]): ReadonlySet<string>;
	drainChanged(): void;
	reportNow(): void;
	/** For how long the agent stood still just now; null when it did not. */
	stoodStillMs(): number | null;
}

/** Starts listening. */
export function serveCommands(parts: CommandsParts): void {
	const encoder = new TextEncoder();
	parts.bus.subscribe(controlSubject(parts.host.id), (data, reply) => {
		void answer(parts, data).then((result) => reply(encoder.encode(JSON.stringify(result))));
	});
}

async function answer(parts: CommandsParts, data: Uint8Array): Promise<HostReply> {
	let command: HostCommand;
	try {
		const parsed = hostCommand.safeParse(JSON.parse(new TextDecoder().decode(data)));
		if (!parsed.success) return refusal(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
		command = parsed.data;
	} catch (error) {
		return refusal(`the command is not JSON: ${(error as Error).message}`);
	}
	try {
		if (command.op === 'held') return held(parts, command);
		await carryOut(parts, command);
		return { ok: true };
	} catch (error) {
		if (!(error instanceof WorkerStartError)) parts.host.log.error('a command failed', { op: command.op, error: (error as Error).stack });
		return { ...refusal((error as Error).message), ...(error instanceof NotFrozenError ? { notFrozen: true } : {}) };
	}
}

async function carryOut(parts: CommandsParts, command: Exclude<HostCommand, { op: 'held' }>): Promise<void> {
	const { host, fleet } = parts;
	switch (command.op) {
		case 'start-worker': {
			const stoodMs = parts.stoodStillMs();
			// The region may have given up on it, and have started another worker in its place.
			if (stoodMs !== null) throw new WorkerStartError(`this host stood still for ${stoodMs} ms: the order may be an old one`);
			return fleet.start(command);
		}
		case 'stop-worker': {
			const worker = host.workers.get(command.workerId);
			if (worker === undefined) return fleet.evict(command.reason ?? 'it is not wanted any more', [command.workerId]);
			if (command.reason !== undefined) worker.log.note(command.reason);
			if (command.now === true) fleet.hurry(worker, host.timers.killGraceMs, command.reason ?? 'stopped at once');
			else fleet.drain(worker, command.freeze === true);
			return;
		}
		case 'stop-jobs':
			for (const job of command.jobs) {
				const attempt = host.attempts.get(attemptKey(job.id, job.epoch));
				if (attempt !== undefined) parts.stopAttempt(attempt);
			}
			return;
		case 'quarantine-gpu':
			return fleet.quarantine(command.gpu, command.reason);
		case 'drain':
			host.draining = command.on;
			if (command.on) fleet.evict('this host drains');
			parts.drainChanged();
			return;
		case 'report':
			parts.reportNow();
	}
}

function held({ host, heldOf }: CommandsParts, { hostBoot, jobs }: Extract<HostCommand, { op: 'held' }>): HostReply {
	if (hostBoot !== host.boot) return refusal(`this is boot ${host.boot}, not ${hostBoot}`);
	const keys = jobs.map(({ id, epoch }) => attemptKey(id, epoch));
	const known = heldOf(keys);
	return { ok: true, held: keys.map((key) => known.has(key)) };
}

function refusal(error: string): HostReply {
	return { ok: false, error: error.slice(0, 500) };
}
