/** Secrets for environment values (`/v2/secrets`, RunPod's `/v2/account/secrets`): write-only. */
import * as z from 'zod';
import { DESCRIPTION_CHARS_MAX, SECRET_NAME_PATTERN, SECRET_VALUE_CHARS_MAX } from '../../limits.ts';

const value = z.string().min(1).max(SECRET_VALUE_CHARS_MAX);
const description = z.string().max(DESCRIPTION_CHARS_MAX).nullable();

/** Body of `POST /v2/secrets`. RunPod keeps names that begin with `RUNPOD` to itself: they would read like references. */
export const createSecret = z
	.strictObject({
		name: z
			.string()
			.regex(SECRET_NAME_PATTERN, 'has letters, digits and _ . - /, at most 191, and starts with a letter or _')
			.refine((name) => !/^runpod/i.test(name), 'names that begin with RUNPOD are reserved: choose another'),
		value,
		description: description.optional(),
	})
	.meta({ id: 'CreateSecret' });

/** Body of `PATCH /v2/secrets/{id}`: the name stays. */
export const updateSecret = z
	.strictObject({ value, description })
	.partial()
	.refine((body) => Object.keys(body).length > 0, 'give value, description or both')
	.meta({ id: 'UpdateSecret' });

/** Answers of `/v2/secrets`. */
const view = z.object({ id: z.string(), name: z.string(), description: z.string().nullable(), createdAt: z.iso.datetime(), valueLastUpdatedAt: z.iso.datetime() });
export const secretV2 = view.meta({ id: 'Secret' });
export const secretListV2 = z.object({ secrets: z.array(view) }).meta({ id: 'SecretList' });
