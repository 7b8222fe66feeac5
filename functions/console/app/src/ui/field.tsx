// Form fields: each with its label, what helps, and what is wrong with it.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

import { Icon } from "./icon";

interface Common {
  label: string;
  /** The label is read out and not shown, where the place says it. */
  hideLabel?: boolean;
  hint?: ComponentChildren;
  error?: string | undefined;
}

function Frame({ label, hideLabel, hint, error, id, children }: Common & { id: string; children: ComponentChildren }) {
  return (
    <div class={`field${error ? " wrong" : ""}`}>
      <label for={id} class={hideLabel ? "hidden" : ""}>{label}</label>
      {children}
      {error && <p class="field-error" id={`${id}-error`}><Icon name="warn" />{error}</p>}
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

const described = (id: string, { hint, error }: Common) => [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;

/** What an input and a text area have in common of HTML's own. */
interface Native {
  value: string;
  onValue: (value: string) => void;
  maxLength?: number;
  placeholder?: string;
  required?: boolean;
  disabled?: boolean;
  readOnly?: boolean;
  autofocus?: boolean;
  spellcheck?: boolean;
  autocomplete?: "on" | "off" | "email" | "given-name" | "family-name" | "name" | "organization" | "country";
  onPaste?: (event: ClipboardEvent) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  onBlur?: () => void;
}

interface InputProps extends Common, Native {
  type?: "text" | "email" | "search" | "datetime-local" | "date" | "tel";
  list?: string;
}

export function TextField({ label, hideLabel, hint, error, value, onValue, type = "text", ...rest }: InputProps) {
  const id = useId();
  return (
    <Frame {...{ label, hideLabel, hint, error, id }}>
      <input {...rest} id={id} type={type} value={value} aria-invalid={!!error || undefined} aria-describedby={described(id, { label, hint, error })} onInput={(e) => onValue(e.currentTarget.value)} />
    </Frame>
  );
}

interface AreaProps extends Common, Native {
  rows?: number;
}

export function TextArea({ label, hideLabel, hint, error, value, onValue, ...rest }: AreaProps) {
  const id = useId();
  return (
    <Frame {...{ label, hideLabel, hint, error, id }}>
      <textarea {...rest} id={id} value={value} aria-invalid={!!error || undefined} aria-describedby={described(id, { label, hint, error })} onInput={(e) => onValue(e.currentTarget.value)} />
    </Frame>
  );
}

export interface Option {
  value: string;
  label: string;
  disabled?: boolean;
  /** Options with the same group stand together below its name. */
  group?: string;
}

const single = (o: Option) => <option key={o.value} value={o.value} disabled={o.disabled}>{o.label}</option>;

function grouped(options: Option[]) {
  const groups = [...new Set(options.map((o) => o.group))];
  return groups.map((group) => {
    const inside = options.filter((o) => o.group === group).map(single);
    return group ? <optgroup key={group} label={group}>{inside}</optgroup> : inside;
  });
}

interface SelectProps extends Common {
  value: string;
  onValue: (value: string) => void;
  options: Option[];
  disabled?: boolean;
}

export function Select({ label, hideLabel, hint, error, value, onValue, options, ...rest }: SelectProps) {
  const id = useId();
  return (
    <Frame {...{ label, hideLabel, hint, error, id }}>
      <span class="select">
        <select {...rest} id={id} value={value} aria-invalid={!!error || undefined} aria-describedby={described(id, { label, hint, error })} onChange={(e) => onValue(e.currentTarget.value)}>
          {grouped(options)}
        </select>
        <Icon name="down" />
      </span>
    </Frame>
  );
}

export function Checkbox({ label, hint, checked, onChecked, disabled, error }: { label: ComponentChildren; hint?: ComponentChildren; checked: boolean; onChecked: (checked: boolean) => void; disabled?: boolean; error?: string }) {
  const id = useId();
  return (
    <div class={`check${error ? " wrong" : ""}`}>
      <input id={id} type="checkbox" checked={checked} disabled={disabled} aria-invalid={!!error || undefined} aria-describedby={error ? `${id}-error` : hint ? `${id}-hint` : undefined} onChange={(e) => onChecked(e.currentTarget.checked)} />
      <label for={id}>{label}</label>
      {error && <p class="field-error" id={`${id}-error`}><Icon name="warn" />{error}</p>}
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** A whole number with buttons beside it; what is typed is kept as text until it is a number. */
export function Stepper({ label, hint, error, value, onValue, min = 0, max = 1_000_000 }: Common & { value: number; onValue: (value: number) => void; min?: number; max?: number }) {
  const id = useId();
  const set = (n: number) => onValue(Math.min(max, Math.max(min, n)));
  return (
    <Frame {...{ label, hint, error, id }}>
      <div class="stepper">
        <button type="button" aria-label="One less" disabled={value <= min} onClick={() => set(value - 1)}><Icon name="minus" /></button>
        <input id={id} inputMode="numeric" pattern="[0-9]*" autocomplete="off" value={String(value)} aria-invalid={!!error || undefined} aria-describedby={described(id, { label, hint, error })}
          onInput={(e) => {
            const digits = e.currentTarget.value.replace(/\D/g, "").slice(0, 7);
            if (digits) set(Number(digits));
          }}
          onBlur={(e) => (e.currentTarget.value = String(value))}
          onKeyDown={(e) => {
            const step = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[e.key];
            if (!step) return;
            e.preventDefault();
            set(value + step);
          }} />
        <button type="button" aria-label="One more" disabled={value >= max} onClick={() => set(value + 1)}><Icon name="plus" /></button>
      </div>
    </Frame>
  );
}
