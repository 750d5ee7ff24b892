import { createElement, type ReactElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { Router } from 'wouter';

/** What a part of a page is as it is first shown, at `/` without a query. */
export function markupOf(part: ReactElement): string {
  return renderToStaticMarkup(createElement(Router, { ssrPath: '/', ssrSearch: '', children: part }));
}

/** The words of some markup, by element: those of elements that stand beside each other apart. */
export function textsOf(markup: string): string[] {
  return markup
    .replaceAll('<!-- -->', '')
    .split(/<[^>]*>/)
    .map((text) => text.replaceAll('&quot;', '"').replaceAll('&#x27;', "'").replaceAll('&amp;', '&').trim())
    .filter((text) => text !== '');
}
