/** Carries hosts' reports of their workers' times to the edge and its answer back. Keeps nothing: a host repeats what was not answered. */
import { EDGE_PATHS } from '@longshore/shared-schema/wire/region';
import { BROKER_GROUP, usageSubject } from '@longshore/shared-schema/wire/subjects';
import { type UsageReply, usageReport } from '@longshore/shared-schema/wire/usage';
import type { Bus } from '../bus/bus.ts';
import type { EdgeClient } from '../edge/edge-client.ts';
import { errorText, type Log } from '../log.ts';

/** Below the time that the host waits. */
const TIMEOUT_MS = 8_000;

/** Serves reports of usage from now on. */
export function serveUsage(bus: Pick<Bus, 'subscribe'>, edge: EdgeClient, log: Log): void {
	const carry = async (data: Uint8Array, subject: string): Promise<UsageReply> => {
		try {
			const report = usageReport.parse(JSON.parse(Buffer.from(data).toString()));
			// A host may speak for itself only: its name is in the subject, which its NATS user is bound to.
			if (usageSubject(report.hostId) !== subject) throw new Error(`${subject} speaks for ${report.hostId}`);
			const answer = await edge.send({
				method: 'POST',
				path: EDGE_PATHS.usage,
				body: Buffer.from(JSON.stringify(report)),
				headers: { 'content-type': 'application/json' },
				timeoutMs: TIMEOUT_MS,
			});
			if (answer.status !== 200) throw new Error(`the edge answers usage with ${answer.status}: ${answer.body.toString('utf8', 0, 200)}`);
			return { stored: true };
		} catch (error) {
			log.warn('usage was not stored, the host will repeat it', { subject, error: errorText(error).slice(0, 300) });
			return { stored: false };
		}
	};
	bus.subscribe(
		usageSubject('*'),
		(data, reply, subject) => {
			if (reply !== null) void carry(data, subject).then((answer) => reply(JSON.stringify(answer)));
		},
		BROKER_GROUP,
	);
}
