/** Counts and weighs a text: sentences, words, reading time, readability, and keywords by RAKE (rapid automatic keyword extraction). Pure. */
/** What is said of one text. */
export interface TextStats {
    readonly characters: number;
    readonly words: number;
    readonly sentences: number;
    readonly readingTimeS: number;
    /** Flesch reading ease: 100 is very easy, 0 very hard. Meant for English. */
    readonly readingEase: number;
    readonly keywords: readonly {
        readonly phrase: string;
        readonly score: number;
    }[];
}
/** All figures of `text`. */
export declare function analyseText(text: string): TextStats;
