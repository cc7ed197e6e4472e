import { args } from '../arguments.js';
import { servicesFact } from '../facts/services.js';
import { defineModule, type Plan } from '../module.js';
import { factWithin } from './environment.js';
import { dict } from './result.js';

export const serviceFacts = defineModule({
  name: 'service_facts',
  summary: 'Put the services of the host and their states into `ansible_facts.services`.',
  checkMode: 'Reads only, so it does the same in check mode.',
  args: args({}),

  async plan(_, context): Promise<Plan> {
    const services = await context.fact(factWithin(context, servicesFact));
    if (services.size === 0)
      return {
        actions: [],
        skipped: 'Failed to find any services. This can be due to privileges or some other configuration issue.',
      };
    const facts = dict({ services });
    return { actions: [], changed: false, setFacts: facts, result: dict({ ansible_facts: facts }) };
  },
});
