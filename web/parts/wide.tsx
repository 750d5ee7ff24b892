import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';

interface WideProps {
  /** What is in it, for whoever comes to it by the keyboard. */
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** What may be wider than its place, a table mostly. Where it is, it takes the focus: arrow keys scroll it. */
export function Wide({ children, className = '', label }: WideProps) {
  const box = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useLayoutEffect(() => {
    const { current } = box;
    if (!current) return;
    const look = () => setScrolls(current.scrollWidth > current.clientWidth);
    const observer = new ResizeObserver(look);
    observer.observe(current);
    for (const child of current.children) observer.observe(child);
    return () => observer.disconnect();
  });
  const focusable = scrolls ? ({ role: 'group', tabIndex: 0, 'aria-label': label } as const) : {};
  return (
    <div ref={box} className={`${className} overflow-x-auto`.trim()} {...focusable}>
      {children}
    </div>
  );
}
