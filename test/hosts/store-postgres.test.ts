import { startPostgres } from './support/postgres.js';
import { describeRunStore } from '../store/run-store-behaviour.js';

const server = startPostgres();
afterAll(() => server.stop());

describeRunStore('PostgreSQL', () => server.freshDatabase());
