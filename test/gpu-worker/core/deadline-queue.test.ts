import { expect, test } from 'vitest';
import { createDeadlineQueue } from '../../../gpu-worker/src/core/deadline-queue.ts';

test('keys end when their time is up, whatever their lengths', () => {
	const queue = createDeadlineQueue();
	queue.add('long', 100, 0);
	queue.add('short', 10, 50);
	expect(queue.nextAtMs()).toBe(60);
	expect(queue.takeEnded(59)).toEqual([]);
	expect(queue.takeEnded(60)).toEqual(['short']);
	expect(queue.takeEnded(100)).toEqual(['long']);
	expect(queue.nextAtMs()).toBeNull();
});

test('a removed key does not end', () => {
	const queue = createDeadlineQueue();
	queue.add('a', 10, 0);
	queue.add('b', 10, 1);
	queue.remove('a');
	queue.remove('never added');
	expect(queue.takeEnded(100)).toEqual(['b']);
});

test('a key that is added again starts anew', () => {
	const queue = createDeadlineQueue();
	queue.add('a', 10, 0);
	queue.add('a', 10, 5);
	expect(queue.takeEnded(14)).toEqual([]);
	expect(queue.takeEnded(15)).toEqual(['a']);
});
