// How the client asks: fetch, pages followed, busy servers asked again, problems thrown.
const AGAIN = new Set([429, 503]);
const QUIET_SECONDS = 60; // the server says something every 15 s

export class ProblemError extends Error {
  constructor(status, { title, detail, parameter } = {}) {
    super(`${status} ${title ?? ""}: ${detail ?? "The server gave no reason."}`);
    Object.assign(this, { name: "ProblemError", status, title, detail, parameter });
  }
}

export class Transport {
  constructor(base, { key, timeoutSeconds = 30, retries = 4 } = {}) {
    this.base = new URL(base);
    this.timeoutSeconds = timeoutSeconds;
    this.retries = retries;
    this.headers = key ? { Authorization: `Bearer ${key}` } : {};
  }

  /** A page of a list as text/csv or application/vnd.apache.parquet: its bytes. */
  async table(path, mediaType, question = {}) {
    const answer = await this.asked(withQuestion(path, question), mediaType);
    return new Uint8Array(await answer.arrayBuffer());
  }

  async *rows(path, question) {
    let following = withQuestion(path, question);
    while (following) {
      const answer = await this.asked(following, "application/json");
      yield* await answer.json();
      following = nextOf(answer.headers.get("Link") ?? "");
    }
  }

  async one(path, question) {
    return (await this.asked(withQuestion(path, question), "application/json")).json();
  }

  /** Events without end: a stream that ends is opened again after the last event that came. */
  async *events(path, question, after) {
    let place = after;
    for (let failures = 0; ; ) {
      const quiet = new AbortController();
      let timer = setTimeout(() => quiet.abort(), QUIET_SECONDS * 1000);
      try {
        const headers = { ...this.headers, Accept: "text/event-stream", ...(place ? { "Last-Event-ID": place } : {}) };
        const answer = await fetch(new URL(withQuestion(path, question), this.base), { headers, signal: quiet.signal });
        if (!answer.ok) throw await problemOf(answer);
        failures = 0;
        for await (const event of eventsOf(answer.body)) {
          clearTimeout(timer);
          timer = setTimeout(() => quiet.abort(), QUIET_SECONDS * 1000);
          place = event.id ?? place;
          if (event.kind) yield event;
        }
      } catch (error) {
        const passing = !(error instanceof ProblemError) || AGAIN.has(error.status);
        if (!passing || failures++ >= this.retries) throw error;
        await pause(error.waitSeconds ?? Math.min(0.2 * 2 ** failures, 5));
      } finally {
        clearTimeout(timer);
        quiet.abort();
      }
    }
  }

  async asked(target, accept) {
    for (let attempt = 0; ; attempt++) {
      let failure;
      try {
        const signal = AbortSignal.timeout(this.timeoutSeconds * 1000);
        const answer = await fetch(new URL(target, this.base), { headers: { ...this.headers, Accept: accept }, signal });
        if (answer.ok) return answer;
        failure = await problemOf(answer);
        if (!AGAIN.has(failure.status)) throw failure;
      } catch (error) {
        if (error === failure) throw error;
        failure = error;
      }
      if (attempt >= this.retries) throw failure;
      await pause(failure.waitSeconds ?? Math.min(0.2 * 2 ** attempt, 5));
    }
  }
}

function withQuestion(path, question) {
  const given = Object.entries(question).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

function nextOf(link) {
  return link.match(/<([^>]*)>; rel="next"/)?.[1];
}

async function problemOf(answer) {
  const problem = new ProblemError(answer.status, await answer.json().catch(() => ({})));
  const told = Number(answer.headers.get("Retry-After") ?? NaN);
  if (Number.isFinite(told)) problem.waitSeconds = Math.min(told, 60);
  return problem;
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) yield eventOf(block);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function eventOf(block) {
  const fields = Object.fromEntries(block.split("\n").map((line) => [line.split(":", 1)[0], line.slice(line.indexOf(":") + 1).trimStart()]));
  return { id: fields.id, kind: fields.data ? (fields.event ?? "message") : "", data: fields.data ? JSON.parse(fields.data) : undefined };
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
