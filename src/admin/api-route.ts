import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { AdminScope } from '../domain/admin-scope.ts';
import type { Actor } from '../domain/operator.ts';

/** A machine, as whom it acts. */
export type Machine = Extract<Actor, { kind: 'client' }>;

/** A body that is no JSON: what it may say to be, and how long it may be. What it is, whoever reads it judges. */
export interface RawBody {
  readonly types: readonly string[];
  readonly limitBytes: number;
  readonly description: string;
}

export const isRaw = (body: z.ZodType | RawBody): body is RawBody => 'limitBytes' in body;

/** An answer that is no JSON, sent piece by piece as a file. */
export interface FileAnswer {
  readonly fileTypes: readonly string[];
}
export interface AnsweredFile {
  readonly type: string;
  readonly name: string;
  readonly body: Readable;
}

export const isFile = (answer: z.ZodType | FileAnswer): answer is FileAnswer => 'fileTypes' in answer;

type Answered<Schema> = Schema extends FileAnswer ? AnsweredFile : Schema extends z.ZodType ? z.input<Schema> : never;

type Read<Schema> = Schema extends RawBody ? Buffer : Schema extends z.ZodType<infer T> ? T : undefined;

export interface RouteWish<
  Params extends z.ZodObject | undefined,
  Query extends z.ZodObject | undefined,
  Body extends z.ZodType | RawBody | undefined,
  Answer extends z.ZodType | FileAnswer,
> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below `/api/admin/v1`, with parameters as OpenAPI writes them: `/accounts/{sub}`. */
  readonly path: string;
  readonly summary: string;
  readonly scope: AdminScope;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly answer: Answer;
  handle(request: {
    readonly params: Read<Params>;
    readonly query: Read<Query>;
    readonly body: Read<Body>;
    readonly by: Machine;
  }): Promise<Answered<Answer>>;
}

/** A route with its schemas, which validate and document alike. */
export interface ApiRoute {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly scope: AdminScope;
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodType | RawBody | undefined;
  readonly answer: z.ZodType | FileAnswer;
  handle(request: { params: unknown; query: unknown; body: unknown; by: Machine }): Promise<unknown>;
}

/** Declares one route of the API: what goes in and out is what the schemas say, on the wire and in the document. */
export function apiRoute<
  Answer extends z.ZodType | FileAnswer,
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | RawBody | undefined = undefined,
>(wish: RouteWish<Params, Query, Body, Answer>): ApiRoute {
  const { method, path, summary, scope, params, query, body, answer } = wish;
  return {
    method,
    path,
    summary,
    scope,
    params,
    query,
    body,
    answer,
    handle: (request) => wish.handle(request as Parameters<typeof wish.handle>[0]),
  };
}
