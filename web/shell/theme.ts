export type Theme = 'light' | 'dark' | 'system';

const KEY = 'millrace.theme';
export const THEMES: readonly Theme[] = ['light', 'dark', 'system'];

export function theme(): Theme {
  const chosen = localStorage.getItem(KEY);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

export function chooseTheme(next: Theme): void {
  if (next === 'system') {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset['theme'];
  } else {
    localStorage.setItem(KEY, next);
    document.documentElement.dataset['theme'] = next;
  }
}
