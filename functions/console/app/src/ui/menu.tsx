// A menu of what can be done with a row, opened by its button and walked by the arrow keys.
import { useId, useRef } from "preact/hooks";

import { Icon, type IconName } from "./icon";

export interface Action {
  label: string;
  icon?: IconName;
  danger?: boolean;
  run: () => void;
}

export function Menu({ label, actions, icon = "more", text }: { label: string; actions: Action[]; icon?: IconName; text?: string }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const place = () => {
    const menu = list.current, at = button.current?.getBoundingClientRect();
    if (!menu || !at) return;
    const below = innerHeight - at.bottom > menu.offsetHeight + 12;
    menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - menu.offsetHeight - 4)}px`;
    menu.style.left = `${Math.max(8, Math.min(at.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
  };
  const move = (step: number) => {
    const items = [...(list.current?.querySelectorAll("button") ?? [])];
    const now = items.indexOf(document.activeElement as HTMLButtonElement);
    items[(now + step + items.length) % items.length]?.focus();
  };

  return (
    <>
      <button ref={button} type="button" class={`button quiet${text ? "" : " bare"}`} aria-label={label} aria-haspopup="menu" popovertarget={id}>
        {text && <span>{text}</span>}<Icon name={icon} />
      </button>
      <div ref={list} id={id} popover="auto" role="menu" aria-label={label} class="menu"
        onToggle={(event) => {
          if ((event as ToggleEvent).newState !== "open") return;
          place();
          list.current?.querySelector("button")?.focus();
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step) {
            event.preventDefault();
            move(step);
          } else if (event.key === "Tab") list.current?.hidePopover();
        }}>
        {actions.map((a) => (
          <button key={a.label} type="button" role="menuitem" tabIndex={-1} class={a.danger ? "danger" : ""}
            onClick={() => {
              list.current?.hidePopover();
              button.current?.focus();
              a.run();
            }}>
            {a.icon && <Icon name={a.icon} />}{a.label}
          </button>
        ))}
      </div>
    </>
  );
}
