import { useEffect, useState } from 'react';

const SAID_MS = 3_000;

/** Copies text, and says for a moment what was copied, or why it was not. */
export function useCopy(): { readonly said: string; readonly copy: (text: string, what: string) => Promise<void> } {
  const [said, say] = useState('');
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => say(''), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (text: string, what: string) => {
    try {
      await navigator.clipboard.writeText(text);
      say(`${what} copied.`);
    } catch {
      say(copiedBySelection(text) ? `${what} copied.` : 'This browser lets this page copy nothing.');
    }
  };
  return { said, copy };
}

/** A page that came over http from another machine has no clipboard, and may copy what is selected all the same. */
function copiedBySelection(text: string): boolean {
  const { activeElement } = document;
  const area = document.createElement('textarea');
  area.className = 'vh';
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (activeElement instanceof HTMLElement) activeElement.focus();
  return isCopied;
}
