/** Secrets of attempts: they name their endpoint, so that a transfer finds the job's store, and 128 random bits prove the rest. */
import { randomText } from './random.ts';

/** A new attempt's secret. */
export function createAttemptToken(endpointId: string): string {
	return `${endpointId}.${randomText(16)}`;
}

/** The endpoint that a token names; its store compares the whole token. */
export function endpointOfToken(token: string): string {
	return token.slice(0, Math.max(0, token.indexOf('.')));
}
