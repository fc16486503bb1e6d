/** Bounds of what workers send to the bridge. */
import { OUTPUT_BYTES_MAX } from '@longshore/shared-schema/limits';

/** Jobs that one take may carry: beyond it a worker's memory would be the queue. */
export const TAKE_BATCH_MAX = 256;
/** What may stand around an output in a result's body: names, an error with its traceback. Bytes. */
export const RESULT_ENVELOPE_BYTES_MAX: number = 1024 * 1024;
/** Largest body that is read; of a larger one only the size counts. Bytes. */
export const RESULT_BODY_BYTES_MAX: number = OUTPUT_BYTES_MAX + RESULT_ENVELOPE_BYTES_MAX;
/** Longest reason of an unhealthy worker that is kept. Characters. */
export const UNHEALTHY_REASON_CHARS_MAX = 500;
