// The official SDK for Node through its helpers for Runs. Prints what it saw, as one line of JSON.
//
// node node_story.mjs BASE_URL FOLDER, where FOLDER has node_modules/openai (version 5 or later).
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [baseURL, folder] = process.argv.slice(2);
const { OpenAI } = createRequire(join(resolve(folder), "story.mjs"))("openai");
const client = new OpenAI({ apiKey: "sk-none", baseURL, maxRetries: 0 });
const { assistants, threads } = client.beta;
const runs = threads.runs;

const assistant = await assistants.create({ model: "gpt-4o" });
const newThread = () => threads.create({ messages: [{ role: "user", content: "Hello there" }] });
const body = { assistant_id: assistant.id };

const outputs = (run) => ({
  thread_id: run.thread_id,
  tool_outputs: run.required_action.submit_tool_outputs.tool_calls.map(({ id }) => ({
    tool_call_id: id,
    output: "two",
  })),
});

/** Follow a stream with handlers to its end; return what they were told. */
async function follow(stream) {
  const told = { events: [], text: "", texts: [], calls: [], steps: [], messages: 0 };
  stream
    .on("event", ({ event }) => told.events.push(event))
    .on("textDelta", (delta) => (told.text += delta.value))
    .on("textDone", (content) => told.texts.push(content.value))
    .on("toolCallDone", (call) => told.calls.push([call.function.name, call.function.arguments]))
    .on("runStepDone", (step) => told.steps.push([step.type, step.status]))
    .on("messageDone", () => (told.messages += 1));
  const run = await stream.finalRun();
  return { run, ...told };
}

async function polled() {
  const { id } = await newThread();
  const asking = await runs.createAndPoll(id, body);
  const done = await runs.submitToolOutputsAndPoll(asking.id, outputs(asking));
  const page = await threads.messages.list(id, { run_id: done.id });
  return { same: asking.id === done.id, asking: asking.status, done: done.status, replies: page.data.length };
}

async function streamed() {
  const { id } = await newThread();
  const first = await follow(runs.stream(id, body));
  const second = await follow(runs.submitToolOutputsStream(first.run.id, outputs(first.run)));
  const brief = ({ run, ...told }) => ({ status: run.status, ...told });
  return { first: brief(first), second: brief(second) };
}

async function failed() {
  const { id } = await newThread();
  const { run, events } = await follow(runs.stream(id, body));
  return { status: run.status, code: run.last_error?.code, last: events.at(-1) };
}

async function refused() {
  const { id } = await newThread();
  const active = await runs.create(id, body);
  const words = (error) => ({
    kind: error.constructor.name,
    status: error.status,
    message: error.error?.message?.replace(id, "THREAD").replace(active.id, "RUN"),
  });
  const called = await runs.createAndPoll(id, body).catch(words);
  const streamed = await runs.stream(id, body).done().catch(words);
  return { called, streamed, then: (await runs.poll(active.id, { thread_id: id })).status };
}

console.log(
  JSON.stringify({
    polled: await polled(),
    streamed: await streamed(),
    failed: await failed(),
    refused: await refused(),
  }),
);
