import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react';
import { Link } from 'wouter';
import { Icon, type IconName } from './icon.js';

/** What an item does: something, or lead to a page, or to a file. */
export type MenuItem = {
  readonly name: string;
  readonly icon: IconName;
  /** The key that does the same beside the menu. */
  readonly shortcut?: string;
} & ({ readonly act: () => void } | { readonly href: string } | { readonly file: string; readonly fileName: string });

interface ActionMenuProps {
  readonly label: string;
  readonly icon?: IconName;
  /** Items of one kind stand together. */
  readonly groups: readonly (readonly MenuItem[])[];
}

const ITEMS = '[role^="menuitem"]';

/** A button with a menu: the arrows, Home and End go from item to item, Escape closes it and gives the focus back. */
export function ActionMenu({ groups, icon = 'more', label }: ActionMenuProps) {
  const id = useId();
  const menu = useRef<HTMLDivElement | null>(null);
  const close = () => menu.current?.hidePopover();
  return (
    <>
      <button type="button" className="btn sq" popoverTarget={id} aria-haspopup="menu" aria-label={label} title={label}>
        <Icon name={icon} />
      </button>
      <div
        ref={(shown) => {
          menu.current = shown;
          // The first item has the focus as soon as the menu is open, for keys that follow at once. React leaves the attribute out.
          shown?.querySelector(ITEMS)?.setAttribute('autofocus', '');
        }}
        popover="auto"
        id={id}
        className="pop at-r menu"
        role="menu"
        aria-label={label}
        tabIndex={-1}
        onKeyDown={goOn}
      >
        {groups
          .filter((items) => items.length > 0)
          .map((items) => (
            <div key={items[0]?.name} role="group" className="menu-g">
              {items.map((item) => (
                <Item key={item.name} item={item} close={close} />
              ))}
            </div>
          ))}
      </div>
    </>
  );
}

function Item({ close, item }: { readonly item: MenuItem; readonly close: () => void }) {
  const words: ReactNode = (
    <>
      <Icon name={item.icon} />
      {item.name}
      {item.shortcut !== undefined && (
        <span className="r" aria-hidden="true">
          <kbd>{item.shortcut}</kbd>
        </span>
      )}
    </>
  );
  const common = { role: 'menuitem', tabIndex: -1 } as const;
  if ('href' in item) {
    return (
      <Link {...common} href={item.href} onClick={close}>
        {words}
      </Link>
    );
  }
  if ('file' in item) {
    return (
      <a {...common} href={item.file} download={item.fileName} onClick={close}>
        {words}
      </a>
    );
  }
  return (
    <button
      {...common}
      type="button"
      aria-keyshortcuts={item.shortcut}
      onClick={() => {
        close();
        item.act();
      }}
    >
      {words}
    </button>
  );
}

function goOn(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>(ITEMS)];
  const { activeElement } = document;
  const at = activeElement instanceof HTMLElement ? items.indexOf(activeElement) : -1;
  const last = items.length - 1;
  const next = {
    ArrowDown: at === last ? 0 : at + 1,
    ArrowUp: at <= 0 ? last : at - 1,
    Home: 0,
    End: last,
  }[event.key];
  // Keys of the page do nothing while the menu is open.
  event.stopPropagation();
  if (event.key === 'Tab') event.currentTarget.hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  items[next]?.focus();
}
