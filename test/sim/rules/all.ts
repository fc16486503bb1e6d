/** The rules that are compared: published ones at their defaults and at other usual settings, ours at the defaults and with settings that suit one load or another. */
import { keda } from './keda.ts';
import { knative } from './knative.ts';
import { anticipating, longshore } from './longshore.ts';
import type { RuleKind } from './rule.ts';
import { runpodQueueDelay, runpodRequestCount } from './runpod.ts';

/** In the order of the table. */
export const PUBLISHED_RULES: readonly RuleKind[] = [
	runpodQueueDelay(),
	runpodRequestCount(1),
	runpodRequestCount(4),
	knative('knative'),
	knative('knative, no grace', { graceMs: 0 }),
	keda('keda, 1 a worker', { target: 1 }),
	keda('keda, 5 a worker'),
];

export const OUR_RULES: readonly RuleKind[] = [
	longshore('queue delay 4 s', { type: 'QUEUE_DELAY', queueDelayS: 4 }, 5),
	longshore('queue delay 0.5 s, idle 3 s', { type: 'QUEUE_DELAY', queueDelayS: 0.5 }, 3),
	longshore('request count 1', { type: 'REQUEST_COUNT', requestCount: 1 }, 5),
	longshore('request count 3, idle 2 s', { type: 'REQUEST_COUNT', requestCount: 3 }, 2),
	anticipating('anticipate, idle 3 s, patience 1', 3, 1),
	anticipating('anticipate, idle 15 s, patience 0.5', 15, 0.5),
	anticipating('anticipate, idle 30 s, patience 0.5', 30, 0.5),
	anticipating('anticipate, idle 60 s, patience 0.3', 60, 0.3),
	anticipating('anticipate, idle 120 s, patience 0', 120, 0),
	anticipating('anticipate, idle 260 s, patience 0.4', 260, 0.4),
	anticipating('anticipate, idle 3 s, 1 spare', 3, 0.3, 1),
	anticipating('anticipate, idle 30 s, 1 spare', 30, 0.3, 1),
	anticipating('anticipate, idle 3 s, 2 spare', 3, 0.3, 2),
];
