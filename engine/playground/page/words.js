// The few words that are the app's own and not the bot's, in the languages that the shop ships.

const WORDS = {
  en: {
    message: "Message", start: "START", unblock: "UNBLOCK BOT", edited: "edited", menu: "Menu",
    copied: "Copied to the clipboard", you: "You", bot: "bot", nothing: "Nothing found",
    empty: "No messages here yet. Press START to begin.", typing: "typing…",
    sending: "sending a file…",
  },
  es: {
    message: "Mensaje", start: "INICIAR", unblock: "DESBLOQUEAR BOT", edited: "editado",
    menu: "Menú", copied: "Copiado al portapapeles", you: "Tú", bot: "bot",
    nothing: "Sin resultados", empty: "Aún no hay mensajes. Pulsa INICIAR para empezar.",
    typing: "escribiendo…", sending: "enviando un archivo…",
  },
  ru: {
    message: "Сообщение", start: "СТАРТ", unblock: "РАЗБЛОКИРОВАТЬ БОТА", edited: "изменено",
    menu: "Меню", copied: "Скопировано", you: "Вы", bot: "бот", nothing: "Ничего не найдено",
    empty: "Здесь пока нет сообщений. Нажмите СТАРТ.", typing: "печатает…",
    sending: "отправляет файл…",
  },
};

/** The app's words in a language; English where there are none. */
export function wordsIn(language) {
  return WORDS[language.split("-")[0]] ?? WORDS.en;
}
