import { describe, expect, test } from 'vitest';
import { analyseText } from '../../../examples/text-stats/analyse-text.ts';

describe('the statistics of a text', () => {
	test('count characters as people see code points, words and sentences', () => {
		expect(analyseText('She paid 3.50 dollars 🙂. It was not enough!')).toMatchObject({ characters: 43, words: 9, sentences: 2 });
	});

	test('rate a simple text as easier than a learned one', () => {
		const simple = analyseText('The cat sat on the mat. It was warm. The dog ran.').readingEase;
		const learned = analyseText('Epistemological considerations necessitate interdisciplinary methodological sophistication.').readingEase;
		expect(simple).toBeGreaterThan(90);
		expect(learned).toBeLessThan(0);
	});

	test('rank phrases above single words, and leave stop words and bare numbers out', () => {
		const { keywords } = analyseText('The gateway is fast. The serverless gateway runs on 16 hosts.');
		expect(keywords[0]).toEqual({ phrase: 'serverless gateway runs', score: 8 });
		expect(keywords.map((keyword) => keyword.phrase)).toEqual(['serverless gateway runs', 'gateway', 'fast', 'hosts']);
	});

	test('give the same for the same text whatever the case of its letters', () => {
		expect(analyseText('Edge Of The Network').keywords).toEqual(analyseText('edge of the network').keywords);
	});

	test('give at most ten keywords', () => {
		const text = Array.from({ length: 30 }, (_, index) => `word${String.fromCharCode(97 + (index % 26))}${index}`).join(', ');
		expect(analyseText(text).keywords).toHaveLength(10);
	});

	test('of marks alone are all zero', () => {
		expect(analyseText('?! …')).toEqual({ characters: 4, words: 0, sentences: 0, readingTimeS: 0, readingEase: 0, keywords: [] });
	});
});
