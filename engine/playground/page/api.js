// The playground's JSON API, as the page uses it.

async function call(path, body) {
  const request = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, request);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer;
}

/** How many of a chat's latest messages the page shows. */
const MESSAGES_SHOWN = 300;

export const api = {
  people: () => call("/playground/people"),
  chat: (id, chat) =>
    call(`/playground/people/${id}/chat?last=${MESSAGES_SHOWN}&chat=${chat}`),
  say: (id, chat, text) => call(`/playground/people/${id}/messages`, { text, chat }),
  press: (id, chat, messageId, data) =>
    call(`/playground/people/${id}/presses`, { message_id: messageId, data, chat }),
  pay: (id, messageId) => call(`/playground/people/${id}/payments`, { message_id: messageId }),
  sendFile: async (id, file) => {
    const path = `/playground/people/${id}/files?name=${encodeURIComponent(file.name)}`;
    const response = await fetch(path, { method: "POST", body: file });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error ?? `HTTP ${response.status}`);
    return answer;
  },
  inline: (id, query) => call(`/playground/people/${id}/inline`, { query }),
  inlineAnswer: (id) => call(`/playground/people/${id}/inline`),
  chooseInline: (id, resultId) =>
    call(`/playground/people/${id}/inline/choose`, { result_id: resultId }),
  language: (id, code) => call(`/playground/people/${id}/language`, { language_code: code }),
  advance: (secs) => call("/playground/clock", { advance_secs: secs }),
  speed: (speed) => call("/playground/clock", { speed }),
  faults: () => call("/playground/faults"),
  addFault: (fault) => call("/playground/faults", fault),
};
