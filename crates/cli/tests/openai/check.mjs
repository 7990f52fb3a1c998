// Talks to a market with the official OpenAI client, unmodified. Prints one JSON object.
// Usage: node check.mjs GATEWAY_URL API_KEY MODEL
import OpenAI from "openai";

const [baseURL, apiKey, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "one two three" }];

const models = [];
for await (const entry of client.models.list()) models.push(entry.id);

const { data: whole, response } = await client.chat.completions
  .create({ model, messages })
  .withResponse();

const stream = await client.chat.completions.create({
  model,
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
let streamed = "";
let finish = null;
let usage = null;
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  finish = chunk.choices[0]?.finish_reason ?? finish;
  usage = chunk.usage ?? usage;
}

const refusals = {};
for (const [name, ask] of Object.entries({
  unknown_model: () => client.chat.completions.create({ model: "no/such", messages }),
  wrong_key: () => new OpenAI({ baseURL, apiKey: "sk-wrong", maxRetries: 0 }).models.list(),
  bad_value: () => client.chat.completions.create({ model, messages, temperature: 9 }),
})) {
  try {
    await ask();
    refusals[name] = "not refused";
  } catch (error) {
    refusals[name] = { status: error.status, code: error.code, type: error.constructor.name };
  }
}

console.log(
  JSON.stringify({
    models,
    request: response.headers.get("x-atoma-request"),
    whole: whole.choices[0].message.content,
    whole_usage: whole.usage,
    streamed,
    finish,
    usage,
    refusals,
  }),
);
