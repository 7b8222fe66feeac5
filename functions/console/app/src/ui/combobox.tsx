// A field that searches as one types and offers what was found, after the ARIA pattern
// "editable combobox with list autocomplete": the focus stays in the field, the arrow
// keys walk the list, Enter takes, Escape closes.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface Choice<T> {
  key: string;
  /** What is read out and shown. */
  view: ComponentChildren;
  value: T;
  /** Why it cannot be taken. */
  off?: string;
}

export function Combobox<T>({ label, hint, placeholder, value, onValue, choices, loading, empty, onTake, disabled }: {
  label: string; hint?: ComponentChildren; placeholder?: string; value: string; onValue: (value: string) => void;
  /** Undefined: nothing has been looked for. */
  choices: Choice<T>[] | undefined;
  loading: boolean; empty: ComponentChildren; onTake: (value: T) => void; disabled?: boolean;
}) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const frame = useRef<HTMLDivElement>(null);
  const shown = open && choices !== undefined;
  const free = (choices ?? []).filter((c) => !c.off);
  const current = free[Math.min(at, free.length - 1)];
  useEffect(() => setAt(0), [value]);
  useEffect(() => {
    if (shown) frame.current?.querySelector(`[aria-selected="true"]`)?.scrollIntoView({ block: "nearest" });
  }, [at, shown]);

  const take = (c: Choice<T> | undefined) => {
    if (!c || c.off) return;
    setOpen(false);
    onTake(c.value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && free.length) {
      event.preventDefault();
      if (!shown) return setOpen(true);
      setAt((now) => (Math.min(now, free.length - 1) + step + free.length) % free.length);
    } else if (event.key === "Enter" && shown) {
      event.preventDefault();
      if (!loading) take(current);
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
    return undefined;
  };
  return (
    <div class="field combobox" ref={frame} onFocusOut={(e) => !frame.current?.contains(e.relatedTarget as Node | null) && setOpen(false)}>
      <label for={id}>{label}</label>
      <input id={id} type="text" role="combobox" autocomplete="off" spellcheck={false} maxLength={100} placeholder={placeholder} value={value} disabled={disabled}
        aria-expanded={shown} aria-controls={`${id}-list`} aria-autocomplete="list" aria-activedescendant={shown && current ? `${id}-${current.key}` : undefined} aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={(e) => {
          onValue(e.currentTarget.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)} onClick={() => setOpen(true)} onKeyDown={onKeyDown} />
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
      <div class="choice-list" hidden={!shown}>
        <ul id={`${id}-list`} role="listbox" aria-label={label} aria-busy={loading}>
          {(choices ?? []).map((c) => (
            <li key={c.key} id={`${id}-${c.key}`} role="option" aria-selected={c === current} aria-disabled={c.off ? true : undefined}
              onMouseDown={(e) => e.preventDefault()} onMouseMove={() => !c.off && setAt(free.indexOf(c))} onClick={() => take(c)}>
              {c.view}{c.off && <span class="soft">{c.off}</span>}
            </li>
          ))}
        </ul>
        {choices?.length === 0 && <p class="choice-empty">{loading ? "Searching…" : empty}</p>}
      </div>
      <p class="hidden" role="status">{shown && !loading ? (free.length === 1 ? "1 person found" : `${free.length} people found`) : ""}</p>
    </div>
  );
}
