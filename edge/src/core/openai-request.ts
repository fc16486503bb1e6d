/** An OpenAI-compatible call as the input of a job. Pure: the body stays the text that it was. */
import { topLevelMembers } from '@longshore/shared-schema/json/top-level';

/** Path of the calls behind the endpoint's own. */
const PREFIX = /^\/v2\/[^/]+\/openai(\/v1\/.*)$/s;

/** The call's input, and whether its caller asked for a stream. */
export interface OpenAiInput {
	readonly input: string;
	readonly isStream: boolean;
}

/** `/v1/{path}` with the query as it was sent, or null for a path that is no OpenAI call. */
export function openAiRouteOf(pathname: string, search: string): string | null {
	const match = PREFIX.exec(pathname);
	return match?.[1] === undefined ? null : match[1] + search;
}

/** Whether errors on this path have OpenAI's shape. */
export function isOpenAiPath(pathname: string): boolean {
	return /^\/v2\/[^/]+\/openai(\/|$)/.test(pathname);
}

/** The job's input for a call; a call without a body has `null` there. Throws `JsonObjectError` for a body that is no JSON object. */
export function toOpenAiInput(route: string, body: string): OpenAiInput {
	const start = `{"openai_route":${JSON.stringify(route)},"openai_input":`;
	if (body.trim() === '') return { input: `${start}null}`, isStream: false };
	const isStream = topLevelMembers(body).get('stream') === 'true';
	return { input: `${start}${body}}`, isStream };
}
