import assert from 'node:assert/strict';
import type { PersistenceAdapter } from '@hhopkins/agent-core';
import { agentProfileSchema } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertSame } from '../assertions.ts';
import type { StoreContext } from '../context.ts';
import { newId, ODD_TEXTS } from '../samples.ts';

const needsSaving = ({ adapter }: StoreContext<PersistenceAdapter>) =>
  adapter.saveAgentProfile ? undefined : 'the adapter has no saveAgentProfile';

const sampleProfile = () =>
  agentProfileSchema.parse({
    id: newId('profile'),
    name: 'Reviewer',
    systemPrompt: { mode: 'append', text: ODD_TEXTS.join('\n') },
    skills: [{ name: 'review', files: [{ path: 'SKILL.md', content: '# Review' }] }],
    mcpServers: { files: { command: 'files', args: ['--root', '.'], env: { MODE: 'read' } } },
    defaultFiles: [{ path: 'README.md', content: 'Hello' }],
    metadata: { owner: 'anna' },
  });

/** What is asked of agent profiles. */
export const profileCases: readonly Case<StoreContext<PersistenceAdapter>>[] = [
  {
    id: 'profile-unknown',
    title: 'an unknown profile is null or undefined, not an error',
    async run({ adapter }) {
      assert.equal((await adapter.loadAgentProfile(newId('nobody'))) ?? null, null);
    },
  },
  {
    id: 'profile-listed',
    title: 'every listed profile is valid and can be loaded',
    async run({ adapter }) {
      for (const profile of await adapter.listAgentProfiles()) {
        const loaded = await adapter.loadAgentProfile(profile.id);
        assertSame(
          agentProfileSchema.parse(loaded),
          agentProfileSchema.parse(profile),
          `profile ${profile.id}`,
        );
      }
    },
  },
  {
    id: 'profile-round-trip',
    title: 'a saved profile is loaded and listed, and saving it again replaces it',
    needs: needsSaving,
    async run({ adapter }) {
      const profile = sampleProfile();
      await adapter.saveAgentProfile?.({ ...profile, name: 'Old', model: 'gone' });
      await adapter.saveAgentProfile?.(profile);
      assertSame(await adapter.loadAgentProfile(profile.id), profile, 'the profile');
      const listed = (await adapter.listAgentProfiles()).filter(({ id }) => id === profile.id);
      assertSame(listed, [profile], 'the profile in the list');
    },
  },
];
