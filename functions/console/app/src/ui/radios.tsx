// One choice of few, each with what it means.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface RadioOption {
  value: string;
  label: ComponentChildren;
  hint?: ComponentChildren;
}

export function Radios({ label, value, onValue, options }: { label: string; value: string; onValue: (value: string) => void; options: RadioOption[] }) {
  const name = useId();
  return (
    <fieldset class="radios">
      <legend class="group-label">{label}</legend>
      {options.map((o) => (
        <div key={o.value} class="check">
          <input id={`${name}-${o.value}`} type="radio" name={name} value={o.value} checked={o.value === value} aria-describedby={o.hint ? `${name}-${o.value}-hint` : undefined} onChange={() => onValue(o.value)} />
          <label for={`${name}-${o.value}`}>{o.label}</label>
          {o.hint && <p class="field-hint" id={`${name}-${o.value}-hint`}>{o.hint}</p>}
        </div>
      ))}
    </fieldset>
  );
}
