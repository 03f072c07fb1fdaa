import { AgentServerError, type JournalPosition } from '@hhopkins/agent-protocol';
import { type AcceptedEvent, refusedEvent } from '../runner/accept-event.ts';
import { unread } from '../runner/journal-order.ts';
import { openRunnerLink, type RunnerHello, type RunnerLink } from '../runner/runner-link.ts';
import { endSandbox } from './end-sandbox.ts';
import { failQueue, failTurn, loseSandbox } from './losses.ts';
import { isStoreFault } from './passing-faults.ts';
import { provision } from './provision.ts';
import { answerWakers, type SessionContext } from './session-context.ts';
import { admit } from './turn-rules.ts';

/** Pauses before the connections that follow one that ended, in milliseconds: the first is tried again at once. */
const RECONNECT_PAUSES_MS = [0, 100, 250, 500, 1000, 2000, 5000];
/** Sandboxes in a row that are lost before any turn begins, a count: another one would fare no better. */
const BARREN_SANDBOXES = 3;

/** Reaches the runner of the held sandbox, sets it up when it is new, and reads its journal from where the log stands. */
export async function connectRunner(context: SessionContext): Promise<void> {
  const { held, parts, sessionId } = context;
  if (!held) return;
  const { failingSince } = context;
  if (failingSince !== null && parts.clock.now() - failingSince >= parts.settings.reconnectTimeoutMs)
    return lose(context, 'its runner could not be kept in contact');
  try {
    const link = await open(context);
    await greet(context, link);
    context.link = link;
    context.reachedReady = true;
    answerWakers(context);
    link.closed.then((reason) => {
      if (context.link !== link) return;
      context.link = null;
      context.handedTurnId = null;
      noteBroken(context, reason);
      parts.logger.log('info', 'runner connection ended', { sessionId, reason: reason.message });
      context.nudge();
    });
  } catch (error) {
    await handleFailure(context, AgentServerError.from(error, 'connection_lost'));
  }
}

function noteBroken(context: SessionContext, reason: AgentServerError): void {
  const now = context.parts.clock.now();
  const last = RECONNECT_PAUSES_MS.length - 1;
  if (!isStoreFault(reason)) context.failingSince ??= now;
  context.connectAfter = now + (RECONNECT_PAUSES_MS[Math.min(context.brokenLinks, last)] ?? 5000);
  context.brokenLinks += 1;
}

function open(context: SessionContext): Promise<RunnerLink> {
  const { held, parts, sessionId, epoch } = context;
  if (!held) throw new AgentServerError('sandbox_lost', `Session ${sessionId} holds no sandbox`);
  const { workspace, home, state } = held.sandbox.layout;
  const places = ['--state', state, '--workspace', workspace, '--home', home, '--session', sessionId];
  const link = openRunnerLink({
    sandbox: held.sandbox,
    sessionId,
    epoch: parts.runnerEpoch(epoch),
    command: [...held.runner, 'connect', ...places],
    clock: parts.clock,
    async onEvents(events, hello) {
      const journal = await record(context, hello, events);
      if (journal) (await link).acknowledge(journal).catch(() => {});
    },
  });
  return link;
}

/** Brings a runner's events into the log, each once. Resolves with the position that is committed then. */
async function record(
  context: SessionContext,
  hello: RunnerHello,
  arrived: readonly AcceptedEvent[],
): Promise<JournalPosition | undefined> {
  const { stream, event, parts, sessionId } = context;
  const fresh = unread(hello.journals, stream.journal(), arrived);
  if (fresh.length === 0) return undefined;
  const { dropped, ...admitted } = admit(stream.latest(), fresh, event, context.overdue);
  for (const { type } of dropped)
    parts.logger.log('debug', 'event of a turn that is not running', { sessionId, type });
  try {
    await context.append(admitted);
  } catch (error) {
    if (AgentServerError.from(error).code !== 'event_too_large') throw error;
    return recordOneByOne(context, hello, fresh);
  }
  // Contact that brings something is good contact.
  context.failingSince = null;
  context.brokenLinks = 0;
  return admitted.journal;
}

/** The log finds an event too large: it must not come again and again, nor take the others with it. */
async function recordOneByOne(
  context: SessionContext,
  hello: RunnerHello,
  events: readonly AcceptedEvent[],
): Promise<JournalPosition | undefined> {
  const [first, ...rest] = events;
  if (!first) return undefined;
  const { journal, event } = first;
  if (rest.length === 0) {
    const message = `The runner sent a ${event.type} that the store finds too large`;
    return record(context, hello, [
      refusedEvent(context.sessionId, journal, context.parts.clock.now, message),
    ]);
  }
  let position: JournalPosition | undefined;
  for (const each of events) position = (await record(context, hello, [each])) ?? position;
  return position;
}

async function greet(context: SessionContext, link: RunnerLink): Promise<void> {
  const { stream, event, record: sessionRecord, held } = context;
  const { hello } = link;
  try {
    const { session, conversation } = stream.latest();
    const turnId = session.activeTurn?.turnId;
    // Fails first when the sandbox went back in time.
    attachPosition(hello, stream.journal());
    if (turnId && isOrphaned(hello, stream.journal(), turnId)) {
      const message = 'The runner has no memory of the turn';
      await context.append({ events: failTurn(context, turnId, 'runner_lost', message) });
    }
    const ready =
      held &&
      event('sandbox:ready', {
        sandboxId: held.sandbox.id,
        provider: held.sandbox.provider,
        isolation: context.parts.isolation,
      });
    if (!hello.configured && held) {
      await Promise.allSettled([...context.fileWrites]);
      const provisioned = await provision(context.parts, held, link, {
        session,
        record: sessionRecord.current(),
        profile: await context.profile(),
        hasHistory: conversation.blocks.length > 0,
      });
      context.setup = provisioned.setup;
      const restored = event('session:restored', {
        fidelity: provisioned.fidelity,
        workspaceAsOf: session.workspaceSavedAt,
        transcriptAsOf: session.transcriptSavedAt,
      });
      await context.append({
        events: [...(ready ? [ready] : []), ...(provisioned.restored ? [restored] : [])],
      });
    } else if (ready && session.sandbox.status !== 'ready') {
      await context.append({ events: [ready] });
    }
    await link.attach(attachPosition(hello, stream.journal()));
  } catch (error) {
    link.close();
    throw error;
  }
}

/** From where the log stands; from the oldest that is left when the journal is not the one we know. */
function attachPosition(hello: RunnerHello, read: JournalPosition | null): JournalPosition {
  const known = read && hello.journals.find(({ id }) => id === read.id);
  if (!known) {
    const oldest = hello.journals[0];
    return oldest ? { id: oldest.id, offset: oldest.trimmedTo } : hello.journal;
  }
  if (read.offset > known.head) {
    throw new AgentServerError(
      'sandbox_lost',
      'The sandbox went back in time: its journal ends before what was committed',
    );
  }
  return read;
}

/** The log says that a turn runs, the runner neither runs it nor has anything left to say about it. */
function isOrphaned(hello: RunnerHello, read: JournalPosition | null, activeTurnId: string): boolean {
  if (hello.activeTurnId === activeTurnId) return false;
  if (!hello.configured) return true;
  return hello.journal.id === read?.id && hello.journal.offset === read.offset;
}

/** What another try in the same sandbox would not change. */
const SETUP_FAULTS: ReadonlySet<string> = new Set([
  'agent_not_installed',
  'agent_error',
  'invalid_request',
  'unknown_architecture',
  'profile_not_found',
  'version_unsupported',
]);

async function handleFailure(context: SessionContext, error: AgentServerError): Promise<void> {
  const { parts, sessionId } = context;
  if (isStoreFault(error)) throw error;
  if (error.code === 'sandbox_lost' || error.code === 'sandbox_not_found')
    return lose(context, error.message);
  // It was made by a server of another version: a new one has a runner of ours.
  if (error.code === 'version_unsupported' && context.reachedReady) return lose(context, error.message);
  if (SETUP_FAULTS.has(error.code)) {
    await failQueue(context, error);
    return endSandbox(context, error.code);
  }
  noteBroken(context, error);
  parts.logger.log('warn', 'runner not reached; trying again', { sessionId, error: error.message });
}

async function lose(context: SessionContext, reason: string): Promise<void> {
  const started = context.reachedReady;
  await loseSandbox(context, reason);
  if (started && context.barrenSandboxes < BARREN_SANDBOXES) return;
  // A new one that never came up would be followed by another such.
  const { session } = context.stream.latest();
  if (session.queue.length + context.wakers.length === 0) return;
  await failQueue(
    context,
    new AgentServerError('sandbox_unavailable', `No sandbox can be kept running: ${reason}`),
  );
}
