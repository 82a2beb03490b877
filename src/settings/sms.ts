/** The settings of text messages: how they leave, and how their gateway reports what became of them. */
import { choice, mapping, optional, optionalLink, ranges, record, secretText, text, whole } from './kinds.ts';

/** As `domain/receipt.ts` has them; a test holds the two together. */
const STATES = ['accepted', 'sent', 'delivered', 'undelivered', 'expired', 'rejected', 'unknown'] as const;

/** The words of SMPP, which most gateways pass on, and those in which the rest say the same. */
const WORDS = {
  accepted: 'accepted',
  acceptd: 'accepted',
  queued: 'accepted',
  pending: 'accepted',
  sent: 'sent',
  enroute: 'sent',
  submitted: 'sent',
  buffered: 'sent',
  delivered: 'delivered',
  delivrd: 'delivered',
  success: 'delivered',
  undelivered: 'undelivered',
  undeliv: 'undelivered',
  undeliverable: 'undelivered',
  failed: 'undelivered',
  expired: 'expired',
  deleted: 'expired',
  rejected: 'rejected',
  rejectd: 'rejected',
  unknown: 'unknown',
} as const;

export const smsSettings = {
  driver: choice(['outbox', 'http', 'smpp'], 'outbox', 'How text messages leave.', { env: 'SMS_DRIVER' }),
  http: {
    url: optionalLink(/^https?$/, 'Address of the SMS gateway.', {
      env: 'SMS_HTTP_URL',
      example: 'https://gateway.example/sms',
    }),
    method: choice(['POST', 'GET'], 'POST', 'Request method of the gateway.', { env: 'SMS_HTTP_METHOD' }),
    headers: record({ 'content-type': 'application/json' }, 'Request headers, as a JSON object.', {
      env: 'SMS_HTTP_HEADERS',
      secret: true,
    }),
    body: text(
      '{"to":"{to}","text":"{text}","ref":"{ref}"}',
      'Body template with {to} (62…), {toPlus} (+62…), {text}, {ref}; values are escaped for the content type.',
      { env: 'SMS_HTTP_BODY' },
    ),
    idPath: text('id', "Where the gateway's message id stands in its JSON answer, dotted.", {
      env: 'SMS_HTTP_ID_PATH',
    }),
    okPath: optional('A dotted path that must be truthy in the answer for the message to count as accepted.', {
      env: 'SMS_HTTP_OK_PATH',
    }),
    timeoutMs: whole(10_000, 'Longest wait for the gateway.', { min: 10 }),
  },
  smpp: {
    url: optionalLink(
      /^smpps?$/,
      "Address of the operator's SMS centre; `smpps:` is SMPP over TLS. Each instance binds one session of its own.",
      { env: 'SMS_SMPP_URL', example: 'smpps://smsc.operator.example:3550' },
    ),
    ca: optional(
      'PEM file of the certificate authority (or the certificate itself) that signs the centre; unset trusts the public ones.',
      { env: 'SMS_SMPP_CA' },
    ),
    systemId: optional('System id given by the operator; 15 characters at most.', {
      env: 'SMS_SMPP_SYSTEM_ID',
      example: 'siapkerja',
    }),
    password: optional('Password of it; 8 characters at most, says SMPP.', { env: 'SMS_SMPP_PASSWORD', secret: true }),
    systemType: optional('System type, where the operator asks for one; 12 characters at most.', {
      env: 'SMS_SMPP_SYSTEM_TYPE',
    }),
    serviceType: optional('Service type of each message, where the operator asks for one; 5 characters at most.', {
      env: 'SMS_SMPP_SERVICE_TYPE',
    }),
    source: optional('Sender id that is registered with the operator.', {
      env: 'SMS_SMPP_SOURCE',
      example: 'SIAPkerja',
    }),
    sourceTon: whole(
      5,
      'Kind of the sender id (TON): 5 alphanumeric, 1 international number, 3 short number, 0 unknown.',
      { env: 'SMS_SMPP_SOURCE_TON', max: 6 },
    ),
    sourceNpi: whole(0, 'Numbering plan of it (NPI): 0 unknown, 1 telephone.', { env: 'SMS_SMPP_SOURCE_NPI', max: 18 }),
    alphabet: choice(
      ['gsm', 'ia5', 'latin1'],
      'gsm',
      'How the centre takes text: its own alphabet (data coding 0) being GSM 03.38; or IA5 (1) or Latin 1 (3).',
      { env: 'SMS_SMPP_ALPHABET' },
    ),
    receiptId: choice(
      ['same', 'decimal', 'hex'],
      'same',
      'How the text of a receipt writes the id of the message: as the answer to the submission did; `decimal` where that was hexadecimal; `hex` where it was decimal.',
      { env: 'SMS_SMPP_RECEIPT_ID' },
    ),
    window: whole(
      10,
      'Submissions of one instance that may wait for their answer at once; no more than the operator allows.',
      { env: 'SMS_SMPP_WINDOW', min: 1, max: 1000 },
    ),
    enquireSeconds: whole(
      30,
      'How often the line is asked whether it is still there; less than the operator drops silent ones after.',
      { env: 'SMS_SMPP_ENQUIRE_SECONDS', min: 1 },
    ),
    timeoutMs: whole(
      10_000,
      'Longest wait for the line and a turn on it, and once more for the answer of the centre.',
      { env: 'SMS_SMPP_TIMEOUT_MS', min: 10 },
    ),
  },
  receipts: {
    secret: secretText(
      24,
      'The last part of the address at which the gateway reports what became of messages: `ISSUER/receipts/<this>`. Letters, digits, `-` and `_`, made by chance (`openssl rand -hex 24`); unset, no gateway reports. For SMS_DRIVER=http; SMPP reports by its own line.',
      { env: 'SMS_RECEIPT_SECRET', example: '…' },
    ),
    formerSecret: secretText(
      24,
      'The one before, while it is replaced: reports to it are taken too, and told of, until the provider knows the new address and this is taken away.',
      { env: 'SMS_RECEIPT_FORMER_SECRET' },
    ),
    method: choice(['POST', 'GET'], 'POST', 'Method by which the gateway reports; by GET the query is read.', {
      env: 'SMS_RECEIPT_METHOD',
    }),
    format: choice(['json', 'form'], 'json', 'What the body is.', { env: 'SMS_RECEIPT_FORMAT' }),
    listPath: optional(
      'Where the list of receipts stands in the JSON document, dotted, where one report holds several; a document that is a list needs none.',
      { env: 'SMS_RECEIPT_LIST_PATH', example: 'results' },
    ),
    idPath: text(
      'id',
      "Where the gateway's id of the message stands in a receipt, dotted (JSON), or the name of the field.",
      { env: 'SMS_RECEIPT_ID_PATH' },
    ),
    refPath: optional(
      'Where our own {ref} stands instead, for gateways that send it back: then this is looked at, and not the id.',
      { env: 'SMS_RECEIPT_REF_PATH', example: 'callbackData' },
    ),
    statePath: text('status', 'Where the word for the state stands.', { env: 'SMS_RECEIPT_STATE_PATH' }),
    states: mapping(
      STATES,
      WORDS,
      `What the words of the gateway mean, as a JSON object from each word (capitals do not count) to one of ${STATES.join(', ')}; a word that is not there means \`unknown\`.`,
      { env: 'SMS_RECEIPT_STATES', example: '{"DELIVRD":"delivered","UNDELIV":"undelivered"}' },
    ),
    codePath: optional("Where the gateway's reason stands: at most eight letters and digits of it come into the log.", {
      env: 'SMS_RECEIPT_CODE_PATH',
      example: 'error.code',
    }),
    networks: ranges([], 'CIDR ranges from which the gateway reports; empty takes reports from anywhere.', {
      env: 'SMS_RECEIPT_NETWORKS',
      example: '203.0.113.0/24',
    }),
    signatureHeader: optional(
      'Header with an HMAC-SHA-256 over the body (by GET: over the query), where the gateway signs.',
      { env: 'SMS_RECEIPT_SIGNATURE_HEADER', example: 'x-signature' },
    ),
    signatureKey: optional('Key of it.', { env: 'SMS_RECEIPT_SIGNATURE_KEY', secret: true }),
    formerSignatureKey: optional('The one before, while it is replaced: what is signed by either is taken.', {
      env: 'SMS_RECEIPT_FORMER_SIGNATURE_KEY',
      secret: true,
    }),
    signatureEncoding: choice(['hex', 'base64'], 'hex', 'How it is written; `sha256=` in front may stand there.', {
      env: 'SMS_RECEIPT_SIGNATURE_ENCODING',
    }),
    perMinute: whole(
      6000,
      'Receipts that one instance takes in a minute; whoever has the address could fill the database with more.',
      { min: 1 },
    ),
    limitBytes: whole(65_536, 'Largest report read.', { min: 1024 }),
  },
} as const;
