/** Before the first paint: the theme that was chosen, if one was. It is a file of its own, for the policy allows no script in the page. */
const chosen = localStorage.getItem('millrace.theme');
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen;

export {};
