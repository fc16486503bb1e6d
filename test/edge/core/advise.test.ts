import { describe, expect, test } from 'vitest';
import { type AdvicePrices, advise } from '../../../edge/src/core/advise.ts';

/** The review's H100: "about 0.0008/s = 2.90/h"; dedicated elsewhere at 2.00/h. */
const REVIEW_H100: AdvicePrices = { flexPerSecond: 2.9 / 3_600, activePerSecond: null, dedicatedPerHour: 2 };
/** The guide's H100 PRO. */
const GUIDE_H100: AdvicePrices = { flexPerSecond: 0.00116, activePerSecond: 0.00093, dedicatedPerHour: 2 };

/** A month of 720 hours, the same share of each. */
function evenly(share: number) {
	return { busySecondsPerHour: Array.from({ length: 720 }, () => share * 3_600), overheadPerBusySecond: 0 };
}

/** `hours` full hours of a month of 720. */
function fullHours(hours: number) {
	return { busySecondsPerHour: Array.from({ length: 720 }, (_, hour) => (hour < hours ? 3_600 : 0)), overheadPerBusySecond: 0 };
}

describe("the review's worked examples, from its own prices", () => {
	test('an H100 all month: about 2,088 on serverless, 1,440 dedicated', () => {
		const { perMonth } = advise(evenly(1), REVIEW_H100);
		expect(perMonth.flex).toBeCloseTo(2_088, 6);
		expect(perMonth.dedicated).toBe(1_440);
	});

	test('at 40 % utilisation: 835', () => {
		expect(advise(evenly(0.4), REVIEW_H100).perMonth.flex).toBeCloseTo(835.2, 6);
	});

	test('break-even at 1,440 / 2,088 = 69 %, where the review says 70 to 75 %', () => {
		expect(advise(evenly(0.5), REVIEW_H100).breakEven.dedicated).toBeCloseTo(1_440 / 2_088, 9);
		expect(advise(evenly(0.68), REVIEW_H100).recommended).toBe('flex');
		expect(advise(evenly(0.7), REVIEW_H100).recommended).toBe('dedicated');
	});

	test('above 80 % busy dedicated is cheaper', () => {
		for (const share of [0.8, 0.9, 1]) expect(advise(evenly(share), REVIEW_H100).recommended).toBe('dedicated');
	});

	test('at 20 to 60 % the review says that serverless saves 30 to 50 %: by its prices it is 71 to 13 %', () => {
		const saving = (share: number): number => {
			const { flex, dedicated } = advise(evenly(share), REVIEW_H100).perMonth;
			return 1 - flex / (dedicated ?? Number.NaN);
		};
		expect(saving(0.2)).toBeCloseTo(0.71, 2);
		expect(saving(0.4)).toBeCloseTo(0.42, 2);
		expect(saving(0.6)).toBeCloseTo(0.13, 2);
		// Its 30 to 50 % are the loads between 34.5 and 48.3 %.
		expect(saving(0.345)).toBeCloseTo(0.5, 2);
		expect(saving(0.483)).toBeCloseTo(0.3, 2);
	});

	test('bursts: savings of 60 to 80 % are loads of 14 to 28 %', () => {
		expect(1 - advise(evenly(0.2759), REVIEW_H100).perMonth.flex / 1_440).toBeCloseTo(0.6, 2);
		expect(1 - advise(evenly(0.1379), REVIEW_H100).perMonth.flex / 1_440).toBeCloseTo(0.8, 2);
	});

	test('8 hours a day on 5 days: 40 GPU-hours are a week, not the month that the review makes of them', () => {
		expect(advise(fullHours(40), REVIEW_H100).perMonth.flex).toBeCloseTo(116, 6);
		// A month of 30 days has 171 of such hours, 4.3 times as many.
		expect(advise(fullHours(Math.round((8 * 5 * 30) / 7)), REVIEW_H100).perMonth.flex).toBeCloseTo(495.9, 6);
	});

	test('9 to 5 on weekdays, 176 GPU-hours: 510, within its 500 to 630', () => {
		expect(advise(fullHours(176), REVIEW_H100).perMonth.flex).toBeCloseTo(510.4, 6);
	});

	test('around the clock at 60 %, 432 GPU-hours: 1,253, the lower end of its 1,250 to 1,555', () => {
		const advice = advise(evenly(0.6), REVIEW_H100);
		expect(advice.busyHoursPerMonth).toBeCloseTo(432, 6);
		expect(advice.perMonth.flex).toBeCloseTo(1_252.8, 6);
	});

	test.each([
		['H100 SXM5', 0.0008, 2.9, 2.88],
		['A100 SXM4', 0.0006, 2.16, 2.16],
		['RTX 4090', 0.0003, 1.08, 1.08],
	])('%s: %f a second is its %f an hour, but for the H100, where it rounds', (_, perSecond, said, is) => {
		expect(perSecond * 3_600).toBeCloseTo(is, 9);
		expect(Math.abs(said - is)).toBeLessThanOrEqual(0.021);
	});
});

describe("the guide's prices", () => {
	test('an H100 at 0.00116 a second is 4.18 an hour: the break-even with 2.00 dedicated falls to 48 %', () => {
		const advice = advise(evenly(0.5), GUIDE_H100);
		expect(advice.breakEven.dedicated).toBeCloseTo(2 / (0.00116 * 3_600), 9);
		expect(advice.breakEven.dedicated).toBeCloseTo(0.479, 3);
	});

	test('an active worker pays above 80 % (0.00093 / 0.00116)', () => {
		const prices = { ...GUIDE_H100, dedicatedPerHour: null };
		expect(advise(evenly(0.5), prices).breakEven.active).toBeCloseTo(0.8017, 4);
		expect(advise(evenly(0.79), prices)).toMatchObject({ recommended: 'flex', workersMin: 0 });
		expect(advise(evenly(0.81), prices)).toMatchObject({ recommended: 'active', workersMin: 1 });
	});
});

test('overhead of starts and idling makes flex dearer and the break-even lower', () => {
	const lean = advise(evenly(0.3), GUIDE_H100);
	const heavy = advise({ ...evenly(0.3), overheadPerBusySecond: 0.5 }, GUIDE_H100);
	expect(heavy.perMonth.flex).toBeCloseTo(1.5 * lean.perMonth.flex, 9);
	expect(heavy.breakEven.dedicated).toBeCloseTo((lean.breakEven.dedicated ?? 0) / 1.5, 9);
});

test('a base load with a daily peak: active workers for the base, flex for the peak', () => {
	const busySecondsPerHour = Array.from({ length: 24 }, (_, hour) => (hour >= 9 && hour < 12 ? 6 * 3_600 : 2 * 3_600));
	const advice = advise({ busySecondsPerHour, overheadPerBusySecond: 0 }, { ...GUIDE_H100, dedicatedPerHour: null });
	expect(advice).toMatchObject({ recommended: 'active', workersMin: 2, workersMax: 8 });
	expect(advice.perMonth.active).toBeCloseTo(30 * (24 * 2 * 3_600 * 0.00093 + 3 * 4 * 3_600 * 0.00116), 6);
});

test('no load costs nothing and needs nothing', () => {
	expect(advise({ busySecondsPerHour: [], overheadPerBusySecond: 0 }, GUIDE_H100)).toMatchObject({
		utilisation: 0,
		recommended: 'flex',
		workersMin: 0,
		workersMax: 1,
		perMonth: { flex: 0 },
	});
});

test('the reason says load, costs and break-even', () => {
	expect(advise(evenly(0.4), REVIEW_H100).reason).toBe(
		'40 % of one GPU is busy; a month costs flex $835.20, dedicated $1440.00 for 1; a dedicated GPU pays above 69 %: flex workers',
	);
});
