import { describeTransport } from '@hhopkins/agent-testkit/transport';
import { serve } from './serve.ts';

describeTransport({ name: 'the WebSocket transport', speaks: ['websocket'], start: serve });
