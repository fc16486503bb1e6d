/** Counts and weighs a text: sentences, words, reading time, readability, and keywords by RAKE (rapid automatic keyword extraction). Pure. */

/** What is said of one text. */
export interface TextStats {
	readonly characters: number;
	readonly words: number;
	readonly sentences: number;
	readonly readingTimeS: number;
	/** Flesch reading ease: 100 is very easy, 0 very hard. Meant for English. */
	readonly readingEase: number;
	readonly keywords: readonly { readonly phrase: string; readonly score: number }[];
}

const WORDS_PER_MINUTE = 238;
const KEYWORDS_MAX = 10;
const PHRASE_WORDS_MAX = 4;
const STOP_WORDS: ReadonlySet<string> = new Set(
	`a about above after again all also am an and any are as at be because been before being below between both but by can could did do does doing down during each few for from
	further had has have having he her here hers him his how i if in into is it its just me more most my no nor not now of off on once only or other our out over own same she should
	so some such than that the their them then there these they this those through to too under until up very was we were what when where which while who whom why will with would you
	your along`.split(/\s+/),
);

/** All figures of `text`. */
export function analyseText(text: string): TextStats {
	const words = wordsOf(text);
	const sentences = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text)].filter((part) => wordsOf(part.segment).length > 0).length;
	const syllables = words.reduce((sum, word) => sum + countSyllables(word), 0);
	const perSentence = words.length / Math.max(1, sentences);
	return {
		characters: [...text].length,
		words: words.length,
		sentences,
		readingTimeS: round((words.length / WORDS_PER_MINUTE) * 60, 1),
		readingEase: words.length === 0 ? 0 : round(206.835 - 1.015 * perSentence - 84.6 * (syllables / words.length), 1),
		keywords: extractKeywords(text),
	};
}

/** Phrases between stop words and punctuation; a word weighs its degree (the lengths of its phrases) over its frequency, a phrase the sum of its words. */
function extractKeywords(text: string): { phrase: string; score: number }[] {
	const phrases = text
		.toLowerCase()
		.split(/[^\p{L}\p{N}\s'’-]+|\n+/u)
		.flatMap(splitAtStopWords)
		.filter((phrase) => phrase.length <= PHRASE_WORDS_MAX);
	const frequency = new Map<string, number>();
	const degree = new Map<string, number>();
	for (const phrase of phrases) {
		for (const word of phrase) {
			frequency.set(word, (frequency.get(word) ?? 0) + 1);
			degree.set(word, (degree.get(word) ?? 0) + phrase.length);
		}
	}
	const scores = new Map<string, number>();
	for (const phrase of phrases) {
		const score = phrase.reduce((sum, word) => sum + (degree.get(word) ?? 0) / (frequency.get(word) ?? 1), 0);
		scores.set(phrase.join(' '), score);
	}
	const ranked = [...scores].map(([phrase, score]) => ({ phrase, score: round(score, 2) }));
	return ranked.sort((a, b) => b.score - a.score || a.phrase.localeCompare(b.phrase)).slice(0, KEYWORDS_MAX);
}

function splitAtStopWords(fragment: string): string[][] {
	const phrases: string[][] = [[]];
	for (const word of wordsOf(fragment)) {
		if (STOP_WORDS.has(word) || /^\p{N}+$/u.test(word)) phrases.push([]);
		else phrases.at(-1)?.push(word);
	}
	return phrases.filter((phrase) => phrase.length > 0);
}

function wordsOf(text: string): string[] {
	return text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
}

/** Groups of vowels, without a silent e at the end. */
function countSyllables(word: string): number {
	const groups = word
		.toLowerCase()
		.replace(/(?:[^laeiouy]es|[^aeiouytd]ed|[^laeiouy]e)$/, '')
		.match(/[aeiouyà-öø-ÿ]+/g);
	return Math.max(1, groups?.length ?? 0);
}

function round(value: number, digits: number): number {
	return Number(value.toFixed(digits));
}
