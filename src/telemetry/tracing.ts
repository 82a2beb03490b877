import type * as Otel from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Attributes, Span } from './trace.ts';

export type { SpanExporter };

export interface Tracing {
  /**
   * Begins what is done for one request.
   *
   * @param traceparent  the header of W3C Trace Context, from somebody who may decide about our traces.
   */
  begin(name: string, attributes: Attributes, traceparent: string | undefined): Span;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Base address of a collector that speaks OTLP over HTTP. */
  readonly endpoint: string | undefined;
  /** How many of a hundred requests, where nobody in front has decided. */
  readonly percent: number;
  /** Takes the spans in the place of a collector. */
  readonly exporter?: SpanExporter | undefined;
}

const TRACEPARENT = /^00-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})$/;

const kindOfError = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
};

/** @returns undefined where there is nowhere to send to: then not even the library is loaded. */
export async function openTracing({ endpoint, percent, exporter }: TracingOptions): Promise<Tracing | undefined> {
  if (endpoint === undefined && exporter === undefined) return undefined;
  const [{ ROOT_CONTEXT, SpanKind, SpanStatusCode, trace }, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
  const processor =
    exporter === undefined
      ? new sdk.BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint?.replace(/\/$/, '') ?? ''}/v1/traces` }))
      : new sdk.SimpleSpanProcessor(exporter);
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'siapkerja-sso' }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(percent / 100) }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('siapkerja-sso');

  const wrap = (span: Otel.Span): Span => ({
    traceId: span.spanContext().traceId,
    recording: span.isRecording(),
    child: (name, attributes) =>
      wrap(tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, trace.setSpan(ROOT_CONTEXT, span))),
    set: (attributes) => {
      span.setAttributes(attributes);
    },
    end: (error) => {
      if (error !== undefined)
        span.setAttribute('error.type', kindOfError(error)).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  });

  const contextOf = (traceparent: string | undefined): Otel.Context => {
    const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
    return trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: Number.parseInt(flags, 16) & 1,
      isRemote: true,
    });
  };

  return {
    begin: (name, attributes, traceparent) =>
      wrap(tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, contextOf(traceparent))),
    close: () => provider.shutdown(),
  };
}
