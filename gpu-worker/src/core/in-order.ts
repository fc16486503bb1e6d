/**
 * Which of the events that wait to be reported may go now. Messages in the region's stream may reach the edge in any order, when several
 * brokers carry them or one of them died: what a stream's reader would miss must not overtake what came before it. Pure.
 */

/** An event as far as its order matters. */
export interface OrderedEvent {
	/** `<job>.<epoch>` */
	readonly attempt: string;
	/** Rises with every event of the host. */
	readonly order: number;
	readonly kind: string;
}

const isContent = ({ kind }: OrderedEvent): boolean => kind === 'chunk' || kind === 'progress';

/** Those of `waiting`, in order, before which nothing of their own attempt's content is in `unsettled`, messages in the stream without a verdict. */
export function readyEvents<T extends OrderedEvent>(waiting: readonly T[], unsettled: Iterable<OrderedEvent>): T[] {
	const first = new Map<string, number>();
	for (const event of unsettled) if (isContent(event)) first.set(event.attempt, Math.min(first.get(event.attempt) ?? Number.POSITIVE_INFINITY, event.order));
	if (first.size === 0) return [...waiting];
	return waiting.filter((event) => !(isContent(event) || event.kind === 'result') || (first.get(event.attempt) ?? Number.POSITIVE_INFINITY) >= event.order);
}
