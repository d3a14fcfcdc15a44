// Answers of the host's APIs, or an Error that says what was asked and what went wrong.

/** No plugin that runs answers this address. */
export class NotServed extends Error {}

export async function getJson(path: string, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { signal, headers: { Accept: "application/json" } });
  } catch (failure) {
    if (signal.aborted) throw failure;
    throw new Error("Tarsier does not answer. Is it running?");
  }
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    if (response.status === 404) throw new NotServed(`No plugin that is configured answers ${path}.`);
    throw new Error(`${path} answered ${response.status}: ${text.slice(0, 200) || "nothing"}`);
  }
  return body;
}
