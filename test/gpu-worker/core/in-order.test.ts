import { expect, test } from 'vitest';
import { type OrderedEvent, readyEvents } from '../../../gpu-worker/src/core/in-order.ts';

const event = (order: number, kind: string, attempt = 'a.1'): OrderedEvent => ({ order, kind, attempt });

test('what follows an unsettled chunk of its attempt waits; everything else goes, in order', () => {
	const waiting = [event(5, 'chunk'), event(6, 'result', 'b.1'), event(7, 'started', 'a.2'), event(8, 'chunk', 'a.2'), event(9, 'result'), event(10, 'lost')];
	expect(readyEvents(waiting, [event(3, 'chunk'), event(4, 'result', 'b.1')]).map(({ order }) => order)).toEqual([6, 7, 8, 10]);
	expect(readyEvents(waiting, [event(3, 'started'), event(4, 'result')])).toEqual(waiting);
	expect(readyEvents(waiting, [])).toEqual(waiting);
});

test('the repeat of an unsettled event waits for none but those before it', () => {
	const [first, second, third] = [event(1, 'chunk'), event(2, 'progress'), event(3, 'result')];
	expect(readyEvents([third, first, second], [first, second])).toEqual([first]);
	expect(readyEvents([third, second], [second])).toEqual([second]);
});
