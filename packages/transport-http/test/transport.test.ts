import { describeTransport } from '@hhopkins/agent-testkit/transport';
import { serve } from './serve.ts';

describeTransport({ name: 'the HTTP transport', speaks: ['http'], start: serve });
