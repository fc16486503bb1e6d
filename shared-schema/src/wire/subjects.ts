/** Names on a region's NATS: streams, subjects, consumers. Every variable part has passed `ID_PATTERN`. */

/** Work-queue stream of dispatched attempts; one message per (job, epoch), message id `<job>.<epoch>`. */
export const JOBS_STREAM = 'JOBS';
/** Limits stream of what hosts report; the relay acks a message only after the edge's verdict on every event in it. */
export const EVENTS_STREAM = 'EVENTS';
/** Durable pull consumer that the brokers' relays share. */
export const RELAY_CONSUMER = 'relay';

export const JOBS_SUBJECTS = 'jobs.>';
export const EVENTS_SUBJECTS = 'events.>';

export const jobSubject = (endpointId: string, lowPriority: boolean): string => `jobs.${endpointId}.${lowPriority ? 'low' : 'normal'}`;
export const jobsOfEndpoint = (endpointId: string): string => `jobs.${endpointId}.>`;
/** Durable pull consumer of one endpoint, shared by the hosts of the region. */
export const endpointConsumer = (endpointId: string): string => `ep-${endpointId}`;
export const eventSubject = (hostId: string): string => `events.${hostId}`;
/** A host's wish for jobs of an endpoint: JetStream's pull request, which a broker passes on when `permit` is the one that the host was given with a worker of it. */
export const jobPullSubject = (hostId: string, endpointId: string, permit: string): string => `pulls.${hostId}.${endpointId}.${permit}`;
/** All that a host is answered with arrives below this. */
export const hostInbox = (hostId: string): string => `_INBOX_${hostId}`;
/** Events of a host that a broker is to store in the stream, request and reply (same message → `StoreReply`). */
export const storeSubject = (hostId: string): string => `store.${hostId}`;
/** Events of a host on the short way, request and reply (same message → `ReportReply`): a broker asks the edge at once and stores nothing. */
export const reportSubject = (hostId: string): string => `reports.${hostId}`;
/** Times of a host's workers, request and reply (`UsageReport` → `UsageReply`): a broker asks the edge and stores nothing. */
export const usageSubject = (hostId: string): string => `usage.${hostId}`;
/** Verdicts of the edge on a host's events (`VerdictMessage`). */
export const verdictSubject = (hostId: string): string => `verdicts.${hostId}`;
/** Commands to a host, request and reply (`HostCommand` → `HostReply`). */
export const controlSubject = (hostId: string): string => `ctl.${hostId}`;
/** Readers of the logs on a host, request and reply (`LogQuery` → `LogPage`, both in `logs.ts`). */
export const logsSubject = (hostId: string): string => `logs.${hostId}`;
/** A host's reports, heard by every broker of the region (`HostReport`). */
export const hostReportSubject = (hostId: string): string => `hosts.report.${hostId}`;
/** The fleet leader's acknowledgement of a host's report (`HostReportAck`). */
export const hostReportAckSubject = (hostId: string): string => `hosts.ack.${hostId}`;
/** Any broker asks all hosts to report at once. */
export const HOST_ROLL_CALL_SUBJECT = 'hosts.roll-call';
/** A host's claims before a late or repeated start, request and reply (`ClaimRequest` → `ClaimReply`). */
export const claimSubject = (hostId: string): string => `claims.${hostId}`;
/** Queue group of the brokers of a region, where one answer is enough. */
export const BROKER_GROUP = 'brokers';
