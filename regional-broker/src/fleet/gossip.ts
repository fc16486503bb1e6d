/** What brokers of one region tell each other in passing: grants, hosts' duties, and jobs that came or started. Hints only; heartbeats and the stream set things right. */
import { type EndpointPush, endpointPush } from '@longshore/shared-schema/wire/region';
import * as z from 'zod';
import type { Bus } from '../bus/bus.ts';
import type { Log } from '../log.ts';
import { type DutyNews, dutyNews } from './duties.ts';

const GRANTS_SUBJECT = 'brokers.grants';
const QUEUE_SUBJECT = 'brokers.queue';
const DUTY_SUBJECT = 'brokers.duty';
const ENROLMENT_SUBJECT = 'brokers.enrolment';
const GPUS_SUBJECT = 'brokers.gpus';
const NOTE_SUBJECT = 'brokers.note';
/** Counts are gathered this long before they are told. */
const GATHER_MS = 20;

const count = z.int().min(0);
const queueChange = z.record(z.string(), z.object({ normal: count, low: count, started: count }));
export type QueueChange = z.infer<typeof queueChange>;

export interface GossipOptions {
	readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
	readonly onGrants: (push: EndpointPush) => void;
	readonly onQueue: (change: QueueChange) => void;
	readonly onDuty: (news: DutyNews) => void;
	/** A host's enrolment is another now. */
	readonly onEnrolment: (hostId: string) => void;
	/** A host is to do without other GPUs than before. */
	readonly onGpus: (hostId: string) => void;
	/** An operator has ended a worker of the endpoint. */
	readonly onNote: (endpointId: string, text: string) => void;
	readonly log: Log;
}

export class Gossip {
	readonly #bus: Pick<Bus, 'publish' | 'subscribe'>;
	#gathered: QueueChange = {};
	#timer: NodeJS.Timeout | null = null;

	constructor({ bus, onGrants, onQueue, onDuty, onEnrolment, onGpus, onNote, log }: GossipOptions) {
		this.#bus = bus;
		const hear = <T>(subject: string, schema: z.ZodType<T>, listener: (value: T) => void): void =>
			bus.subscribe(subject, (data) => {
				try {
					listener(schema.parse(JSON.parse(Buffer.from(data).toString())));
				} catch (error) {
					log.warn('another broker cannot be understood', { subject, error: String(error).slice(0, 300) });
				}
			});
		hear(GRANTS_SUBJECT, endpointPush, onGrants);
		hear(QUEUE_SUBJECT, queueChange, onQueue);
		hear(DUTY_SUBJECT, dutyNews, onDuty);
		hear(ENROLMENT_SUBJECT, z.object({ hostId: z.string() }), ({ hostId }) => onEnrolment(hostId));
		hear(GPUS_SUBJECT, z.object({ hostId: z.string() }), ({ hostId }) => onGpus(hostId));
		hear(NOTE_SUBJECT, z.object({ endpointId: z.string(), text: z.string() }), ({ endpointId, text }) => onNote(endpointId, text));
	}

	tellGrants(push: EndpointPush): void {
		this.#bus.publish(GRANTS_SUBJECT, JSON.stringify(push));
	}

	tellDuty(news: DutyNews): void {
		this.#bus.publish(DUTY_SUBJECT, JSON.stringify(news));
	}

	tellEnrolment(hostId: string): void {
		this.#bus.publish(ENROLMENT_SUBJECT, JSON.stringify({ hostId }));
	}

	tellGpus(hostId: string): void {
		this.#bus.publish(GPUS_SUBJECT, JSON.stringify({ hostId }));
	}

	tellNote(endpointId: string, text: string): void {
		this.#bus.publish(NOTE_SUBJECT, JSON.stringify({ endpointId, text }));
	}

	tellQueue(endpointId: string, change: Partial<QueueChange[string]>): void {
		const gathered = this.#gathered[endpointId] ?? { normal: 0, low: 0, started: 0 };
		this.#gathered[endpointId] = gathered;
		gathered.normal += change.normal ?? 0;
		gathered.low += change.low ?? 0;
		gathered.started += change.started ?? 0;
		this.#timer ??= setTimeout(() => {
			this.#timer = null;
			this.#bus.publish(QUEUE_SUBJECT, JSON.stringify(this.#gathered));
			this.#gathered = {};
		}, GATHER_MS);
	}

	stop(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
	}
}
