/** For tests whose workers nobody has to end from outside. */
import type { Watchdog } from '../../../gpu-worker/src/runtime/watchdog.ts';

export const NO_WATCHDOG: Watchdog = { owner: 'nobody', wake: () => undefined, extend: () => undefined };
