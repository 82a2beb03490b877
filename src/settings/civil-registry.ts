/** The civil registry, and the simulator that stands for it while developing. */
import { choice, optional, optionalLink, record, text, whole } from './kinds.ts';

export const dukcapilSettings = {
  url: optionalLink(/^https?$/, 'Base address of the civil registry web service; unset uses the simulator.', {
    env: 'DUKCAPIL_URL',
    example: 'https://10.20.30.40:8000',
  }),
  institution: text('KEMNAKER', 'Institution in the path of the service.', { env: 'DUKCAPIL_INSTITUTION' }),
  userId: text('SIM-USER-01', 'User id given by Dukcapil.', { env: 'DUKCAPIL_USER_ID' }),
  password: text('sim-password', 'Password given by Dukcapil.', { env: 'DUKCAPIL_PASSWORD', secret: true }),
  ip: text('127.0.0.1', 'Registered address of the calling host.', { env: 'DUKCAPIL_IP' }),
  ca: optional('PEM file of the certificate authority (or the certificate itself) that signs the service.', {
    env: 'DUKCAPIL_CA',
  }),
  headers: record({}, 'Further request headers, as a JSON object.', { env: 'DUKCAPIL_HEADERS', secret: true }),
  keyStyle: choice(['upper', 'mixed'], 'upper', 'Spelling of the body fields.', { env: 'DUKCAPIL_KEY_STYLE' }),
  nameMin: whole(90, 'Least similarity of the full name.', { env: 'DUKCAPIL_NAME_MIN', max: 100 }),
  motherMin: whole(90, "Least similarity of the mother's name.", { env: 'DUKCAPIL_MOTHER_MIN', max: 100 }),
  connectTimeoutMs: whole(3000, 'Longest wait for a connection.', { min: 10 }),
  timeoutMs: whole(10_000, 'Longest wait for an answer.', { min: 10 }),
  maxAnswerBytes: whole(65_536, 'Largest answer read.', { min: 1024 }),
  maxConcurrent: whole(20, 'Most calls in flight of one process.', { min: 1 }),
  queueWaitMs: whole(2000, 'Longest wait for a free place among them.'),
  breakerFailures: whole(5, 'Failures that open the circuit.', { min: 1 }),
  breakerWindowMs: whole(30_000, 'Window in which they count.', { min: 100 }),
  breakerOpenMs: whole(30_000, 'How long the circuit stays open before one probe.', { min: 10 }),
  policyVersion: text('2026-1', 'Version of the matching policy, kept as evidence.'),
} as const;

export const simulatorSettings = {
  port: whole(3002, 'Port of the simulated civil registry.', { env: 'DUKCAPIL_SIMULATOR_PORT', max: 65_535 }),
  residents: optional('JSON file of further residents: [{"nik","name","mother"}].', {
    env: 'DUKCAPIL_SIMULATOR_RESIDENTS',
  }),
  quota: whole(100_000, 'Calls a day that the simulator grants.', { min: 1 }),
} as const;
