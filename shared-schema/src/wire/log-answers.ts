/** Logs as the edge shows them: RunPod's `{ts, source, line}` (REST v2) with worker and job beside it. */
import * as z from 'zod';
import { logSource } from './logs.ts';

/** One line. `ts`: UTC to the microsecond, unique on its host; also the id of its event. */
export const logLineV2 = z.object({ ts: z.string(), source: logSource, workerId: z.string(), jobId: z.string().optional(), line: z.string() });
export type LogLineV2 = z.infer<typeof logLineV2>;

/** A page. `more`: the next one begins `since` its last line. `silent`: hosts and regions that did not answer, so that lines may be missing. */
export const logPageV2 = z.object({ lines: z.array(logLineV2), more: z.boolean(), silent: z.array(z.string()) });
export type LogPageV2 = z.infer<typeof logPageV2>;
