import { createLog } from '../../telemetry/log.ts';
import { parseClients } from './clients.ts';
import { startSampleService, type SampleService } from './server.ts';

const {
  ISSUER = 'http://localhost:3000',
  SAMPLE_SERVICE_PORT = '3001',
  SAMPLE_CLIENTS,
  LOG_LEVEL = 'warn',
  NODE_ENV,
} = process.env;

let service: SampleService | undefined;

function stop(): void {
  void Promise.resolve(service?.close()).then(() => process.exit(0));
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// The channel to the sign-on closes with it, however it ended: nobody is left to stop this process.
process.once('disconnect', stop);

try {
  const log = createLog({ level: LOG_LEVEL, pretty: process.stdout.isTTY });
  service = await startSampleService({
    issuer: ISSUER,
    port: Number(SAMPLE_SERVICE_PORT),
    clients: parseClients(SAMPLE_CLIENTS),
    log,
    environment: NODE_ENV,
  });
} catch (error) {
  process.stderr.write(
    `The sample service could not start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
