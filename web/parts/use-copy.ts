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
      // Not there on a page that came over http from another machine.
      await navigator.clipboard.writeText(text);
      say(`${what} copied.`);
    } catch {
      say('This browser lets this page copy nothing.');
    }
  };
  return { said, copy };
}
