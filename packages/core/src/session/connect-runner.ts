import { AgentServerError, type JournalPosition } from '@hhopkins/agent-protocol';
import { openRunnerLink, type RunnerHello, type RunnerLink } from '../runner/runner-link.ts';
import { endSandbox } from './end-sandbox.ts';
import { failActiveTurn, failQueue, loseSandbox } from './losses.ts';
import { provision } from './provision.ts';
import { answerWakers, type SessionContext } from './session-context.ts';
import { admit } from './turn-rules.ts';

/** Reaches the runner of the held sandbox, sets it up when it is new, and reads its journal from where the log stands. */
export async function connectRunner(context: SessionContext): Promise<void> {
  const { held, parts, sessionId } = context;
  if (!held) return;
  try {
    const link = await open(context);
    await greet(context, link);
    context.link = link;
    context.reachedReady = true;
    context.failingSince = null;
    answerWakers(context);
    link.closed.then((reason) => {
      if (context.link !== link) return;
      context.link = null;
      context.handedTurnId = null;
      parts.logger.log('info', 'runner connection ended', { sessionId, reason: reason.message });
      context.nudge();
    });
  } catch (error) {
    await handleFailure(context, AgentServerError.from(error, 'connection_lost'));
  }
}

function open(context: SessionContext): Promise<RunnerLink> {
  const { held, parts, sessionId, epoch, stream } = context;
  if (!held) throw new AgentServerError('sandbox_lost', `Session ${sessionId} holds no sandbox`);
  const { layout } = held.sandbox;
  const places = [
    '--state',
    layout.state,
    '--workspace',
    layout.workspace,
    '--home',
    layout.home,
    '--session',
    sessionId,
  ];
  const link = openRunnerLink({
    sandbox: held.sandbox,
    sessionId,
    epoch,
    command: [...held.runner, 'connect', ...places],
    clock: parts.clock,
    async onEvents(events) {
      const admitted = admit(stream.latest(), events, context.event, (turnId) =>
        context.turnCommands.get(turnId),
      );
      for (const dropped of admitted.dropped) {
        parts.logger.log('debug', 'event of a turn that is not running', { sessionId, type: dropped.type });
      }
      await stream.append(admitted);
      if (admitted.journal) (await link).acknowledge(admitted.journal).catch(() => {});
    },
  });
  return link;
}

async function greet(context: SessionContext, link: RunnerLink): Promise<void> {
  const { stream, event, record, held } = context;
  try {
    const { session, conversation } = stream.latest();
    const position = attachPosition(link.hello, stream.journal());
    if (orphanedTurn(link.hello, stream.journal(), session.activeTurn?.turnId)) {
      await stream.append(failActiveTurn(context, 'runner_lost', 'The runner has no memory of the turn'));
    }
    const ready =
      held &&
      event('sandbox:ready', {
        sandboxId: held.sandbox.id,
        provider: held.sandbox.provider,
        isolation: context.parts.isolation,
      });
    if (!link.hello.configured && held) {
      const provisioned = await provision(context.parts, held, link, {
        session,
        record: record.current(),
        profile: await context.profile(),
        hasHistory: conversation.blocks.length > 0,
      });
      const restored = event('session:restored', {
        fidelity: provisioned.fidelity,
        workspaceAsOf: session.workspaceSavedAt,
        transcriptAsOf: session.transcriptSavedAt,
      });
      await stream.append({
        events: [...(ready ? [ready] : []), ...(provisioned.restored ? [restored] : [])],
      });
    } else if (ready && session.sandbox.status !== 'ready') {
      await stream.append({ events: [ready] });
    }
    await link.attach(position);
  } catch (error) {
    link.close();
    throw error;
  }
}

/** From where the log stands; from the oldest that is left when the journal is not the one we know. */
function attachPosition(hello: RunnerHello, committed: JournalPosition | null): JournalPosition {
  const known = committed && hello.journals.find(({ id }) => id === committed.id);
  if (!known) {
    const oldest = hello.journals[0];
    return oldest ? { id: oldest.id, offset: oldest.trimmedTo } : hello.journal;
  }
  if (committed.offset > known.head) {
    throw new AgentServerError(
      'sandbox_lost',
      'The sandbox went back in time: its journal ends before what was committed',
    );
  }
  return committed;
}

/** The log says that a turn runs, the runner neither runs it nor has anything left to say about it. */
function orphanedTurn(
  hello: RunnerHello,
  committed: JournalPosition | null,
  activeTurnId: string | undefined,
): boolean {
  if (!activeTurnId || hello.activeTurnId === activeTurnId) return false;
  if (!hello.configured) return true;
  return hello.journal.id === committed?.id && hello.journal.offset === committed.offset;
}

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
  if (error.code === 'store_unavailable' || error.code === 'stale_epoch') throw error;
  if (error.code === 'sandbox_lost' || error.code === 'sandbox_not_found') return lose(context, error);
  if (SETUP_FAULTS.has(error.code)) {
    await failQueue(context, error);
    return endSandbox(context, error.code);
  }
  const now = parts.clock.now();
  context.failingSince ??= now;
  if (now - context.failingSince >= parts.settings.reconnectTimeoutMs) return lose(context, error);
  parts.logger.log('warn', 'runner not reached; trying again', { sessionId, error: error.message });
  throw error;
}

async function lose(context: SessionContext, error: AgentServerError): Promise<void> {
  const started = context.reachedReady;
  await loseSandbox(context, error.message);
  // A new one that never came up would be followed by another such.
  if (!started)
    await failQueue(
      context,
      new AgentServerError('sandbox_unavailable', `No sandbox came up: ${error.message}`),
    );
}
