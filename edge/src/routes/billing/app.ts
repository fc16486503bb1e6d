/** The paths of costs. */
import { createApp } from '../create-app.ts';
import { readAdvice } from './advice.ts';
import { readAdviceOperation, readBillV1Operation, readBillV2Operation } from './describe.ts';
import { readBillV1, readBillV2 } from './read.ts';

/** `/v2/billing…` and `/v1/billing…`. */
export const billingApp = createApp();

billingApp.get('/v2/billing/serverless', readBillV2Operation, (c) => readBillV2(c.env, c.req.raw));
billingApp.get('/v1/billing/endpoints', readBillV1Operation, (c) => readBillV1(c.env, c.req.raw));
billingApp.get('/v2/billing/advice', readAdviceOperation, (c) => readAdvice(c.env, c.req.raw));
