import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseRegion, type RegionLoad } from '../../../edge/src/core/choose-region.ts';
import type { RegionRoute } from '../../../shared-schema/src/wire/route.ts';
import { route } from './samples.ts';

const SILENT_MS_MAX = 10_000;
const choose = (routes: RegionRoute[], loads: Record<string, Partial<RegionLoad>> = {}): string | null =>
	chooseRegion(routes, new Map(Object.entries(loads).map(([region, load]) => [region, { unseen: 0, freed: 0, failing: false, ...load }])), SILENT_MS_MAX)?.region ?? null;

describe('the region of the next attempt', () => {
	test('stays with a region whose slots turn over many times between two figures', () => {
		const busy = route('busy', { slotsFree: 2, workers: { running: 4 }, workersMax: 4 });
		const cold = route('cold', { workersMax: 4 });
		expect(choose([busy, cold], { busy: { unseen: 60, freed: 59 } })).toBe('busy');
		expect(choose([busy, cold], { busy: { unseen: 60 } })).toBe('cold');
	});

	test('is none when none holds a grant', () => {
		expect(choose([])).toBeNull();
		expect(choose([route('a', { workersMax: 0, slotsFree: 9 })])).toBeNull();
	});

	test.each<[string, RegionRoute, RegionRoute, Record<string, Partial<RegionLoad>>]>([
		['has free slots', route('good', { slotsFree: 1, workers: { idle: 1 } }), route('bad', { workers: { running: 1 } }), {}],
		['has the shorter queue', route('good', { queued: 3, workers: { running: 1 } }), route('bad', { queued: 4, workers: { running: 1 } }), {}],
		['has more workers for its queue', route('good', { queued: 6, workers: { running: 3 } }), route('bad', { queued: 4, workers: { running: 1 } }), {}],
		['has got less since its last heartbeat', route('good', { workers: { idle: 1 } }), route('bad', { slotsFree: 1, workers: { idle: 1 } }), { bad: { unseen: 5 } }],
		['does not fail', route('good', { queued: 1_000, workers: { running: 1 } }), route('bad', { slotsFree: 3, workers: { idle: 3 } }), { bad: { failing: true } }],
		['is not silent', route('good', { queued: 1_000 }), route('bad', { silentMs: SILENT_MS_MAX + 1, slotsFree: 3 }), {}],
		['can place a worker', route('good', { queued: 1_000, workers: { running: 1 } }), route('bad', { blocked: 'no free GPU' }), {}],
		['fails rather than being silent', route('good'), route('bad', { silentMs: SILENT_MS_MAX + 1 }), { good: { failing: true } }],
		['holds a grant at all', route('good', { silentMs: 1e9, blocked: 'x', queued: 1e6 }), route('bad', { workersMax: 0, slotsFree: 5 }), { good: { failing: true } }],
	])('%s', (_why, good, bad, loads) => {
		expect(choose([good, bad], loads)).toBe('good');
		expect(choose([bad, good], loads)).toBe('good');
	});

	test('is the preferred one as long as it has a free slot, however many the others have', () => {
		const preferred = route('preferred', { slotsFree: 1, workers: { idle: 1 } });
		const other = route('other', { slotsFree: 9, workers: { idle: 9 } });
		expect(choose([preferred, other])).toBe('preferred');
		expect(choose([preferred, other], { preferred: { unseen: 1 } })).toBe('other');
	});

	test('that is blocked still counts while it has workers', () => {
		expect(choose([route('full', { blocked: 'no free GPU', workers: { running: 2 }, queued: 1 }), route('long', { queued: 9, workers: { running: 2 } })])).toBe('full');
	});

	test('spreads jobs that come faster than heartbeats', () => {
		const routes = [route('a', { slotsFree: 2, workers: { idle: 2 } }), route('b', { slotsFree: 2, workers: { idle: 2 } })];
		const unseen: Record<string, number> = { a: 0, b: 0 };
		for (let i = 0; i < 100; i++) {
			const region = choose(routes, { a: { unseen: unseen['a'] ?? 0 }, b: { unseen: unseen['b'] ?? 0 } }) ?? '';
			unseen[region] = (unseen[region] ?? 0) + 1;
		}
		expect(unseen).toEqual({ a: 50, b: 50 });
	});

	const anyRoute = fc
		.record({
			workersMax: fc.nat({ max: 5 }),
			silentMs: fc.constantFrom(0, 9_999, 60_000),
			queued: fc.nat({ max: 1_000_000 }),
			slotsFree: fc.nat({ max: 50 }),
			blocked: fc.constantFrom(null, 'full'),
			running: fc.nat({ max: 9 }),
			idle: fc.nat({ max: 9 }),
		})
		.map(({ running, idle, ...rest }) => ({ ...rest, workers: { running, idle } }));

	test('always holds a grant, is there whenever one does, and is without fault when one is', () => {
		fc.assert(
			fc.property(fc.array(anyRoute, { maxLength: 5 }), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (drafts, failing) => {
				const routes = drafts.map((draft, i) => route(`r${i}`, draft));
				const loads = Object.fromEntries(failing.map((fails, i) => [`r${i}`, { failing: fails }]));
				const sound = ({ region, silentMs, blocked, workers }: RegionRoute): boolean =>
					!(loads[region]?.failing ?? false) && silentMs <= SILENT_MS_MAX && (blocked === null || workers.idle + workers.running > 0);
				const granted = routes.filter(({ workersMax }) => workersMax > 0);
				const chosen = routes.find(({ region }) => region === choose(routes, loads));
				expect(chosen !== undefined).toBe(granted.length > 0);
				if (chosen === undefined) return;
				expect(chosen.workersMax).toBeGreaterThan(0);
				if (granted.some(sound)) expect(sound(chosen)).toBe(true);
			}),
		);
	});
});
