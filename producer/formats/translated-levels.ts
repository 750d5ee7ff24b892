/**
 * What PostgreSQL (its catalogues of messages) and java.util.logging (the JDK's resources) call levels where they speak the
 * language of their surroundings, in small letters, and what each is in English: in German, French, Spanish, Portuguese,
 * Italian, Russian, Japanese and Chinese.
 */
export const TRANSLATED_LEVELS: Readonly<Record<string, 'debug' | 'info' | 'warning' | 'error' | 'critical'>> = {
  ...{ fehler: 'error', schwerwiegend: 'error', warnung: 'warning', hinweis: 'info', panik: 'critical' },
  ...{ kritisch: 'critical', konfiguration: 'debug' },
  ...{ erreur: 'error', grave: 'error', avertissement: 'warning', attention: 'warning', infos: 'info' },
  ...{ advertencia: 'warning', información: 'info', informacion: 'info' },
  ...{ erro: 'error', aviso: 'warning', advertência: 'warning', informações: 'info', nota: 'info', pânico: 'critical' },
  ...{ errore: 'error', fatale: 'critical', panico: 'critical', avvertenza: 'warning', attenzione: 'warning' },
  ...{ notifica: 'info', informazioni: 'info' },
  ...{ ошибка: 'error', важно: 'critical', паника: 'critical', предупреждение: 'warning' },
  ...{ сообщение: 'info', информация: 'info', замечание: 'info' },
  ...{ 重大: 'error', 警告: 'warning', 情報: 'info', 严重: 'error', 信息: 'info' },
};

const WORDS = Object.keys(TRANSLATED_LEVELS).map((word) => word.toUpperCase());
/** Behind a time, what stands in brackets, and PostgreSQL's `user@database`; in capital letters, for in small ones they are words as others. */
export const TRANSLATED_LEVEL = new RegExp(
  `^(?:[\\s|,:-]*(?:\\[[^\\]]{0,256}\\]|[\\w.-]{1,64}@[\\w.-]{1,64}(?= ))){0,3}[\\s|,:-]*[[(<]?(?<level>${WORDS.join('|')})[\\])>]?(?=$|[\\s:|,[-])`,
);
