// The worker that the policy engine runs in, so that a long answer never holds up typing. Takes [id, question, document],
// sends back [id, JSON text] or [id, null, why]. The build writes the name of the wasm file into WASM.
import start, * as engine from "policy";

const QUESTIONS = ["evaluate", "lint", "diff"];
const ready = start({ module_or_path: new URL(WASM, import.meta.url) });

self.onmessage = async ({ data: [id, question, document] }) => {
  try {
    await ready;
    if (!QUESTIONS.includes(question)) throw new Error(`no such question: ${question}`);
    self.postMessage([id, engine[question](document)]);
  } catch (error) {
    self.postMessage([id, null, String(error)]);
    // After a trap the module's memory cannot be trusted; the next question gets a new worker.
    self.close();
  }
};
