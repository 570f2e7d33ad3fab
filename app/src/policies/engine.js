// Asks the policy engine in its worker, which is started with the first question and again after it broke down. The build
// writes the name of the worker's file into POLICY_ENGINE: page and engine are always of the same build.
let worker;
let asked = 0;
const waiting = new Map();

function settle(id, reply, why) {
  const { resolve, reject } = waiting.get(id) ?? {};
  waiting.delete(id);
  if (why === undefined) resolve?.(reply);
  else reject?.(new Error(why));
}

function broken(why) {
  worker?.terminate();
  worker = undefined;
  for (const id of [...waiting.keys()]) settle(id, null, why);
}

function running() {
  if (worker) return worker;
  worker = new Worker(new URL(POLICY_ENGINE, import.meta.url), { type: "module" });
  worker.onmessage = ({ data: [id, reply, why] }) => {
    settle(id, reply, why);
    if (why !== undefined) broken(why);
  };
  worker.onerror = (event) => broken(event.message || "the policy engine cannot be loaded");
  return worker;
}

export function ask(question, document) {
  return new Promise((resolve, reject) => {
    asked += 1;
    waiting.set(asked, { resolve, reject });
    running().postMessage([asked, question, document]);
  });
}
