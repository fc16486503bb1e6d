/** The sealer of an edge's settings, made once an isolate. */
import { type Env, settingsOf } from '../env.ts';
import { createSealer, type Sealer } from './seal.ts';

let cached: { env: Env; sealer: Sealer } | undefined;

/** The sealer of `env`'s keys. */
export function sealerOf(env: Env): Sealer {
	if (cached?.env === env) return cached.sealer;
	const { LONGSHORE_SEAL_KEY, LONGSHORE_SEAL_KEY_BEFORE } = settingsOf(env);
	const sealer = createSealer([LONGSHORE_SEAL_KEY, ...(LONGSHORE_SEAL_KEY_BEFORE === undefined ? [] : [LONGSHORE_SEAL_KEY_BEFORE])]);
	cached = { env, sealer };
	return sealer;
}
