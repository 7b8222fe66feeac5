// Choosing a person of the account by typing the beginning of a name or an email.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

import { useAccount } from "../lib/account";
import { query, type Schema } from "../lib/api";
import { personName, plural, visible } from "../lib/format";
import { know, nameOf } from "../lib/people";
import { useLatest } from "../lib/query";
import { Icon } from "./icon";
import { Person } from "./bits";

type User = Schema<"User">;

/** How many people are offered at once. */
const offered = 8;

interface Props {
  label: string;
  /** The chosen user's id, or "". */
  value: string;
  onValue: (id: string, chosen?: User) => void;
  /** Values of the users list's query, such as a status. */
  filter?: Record<string, string>;
  /** Whether people who were removed are offered too, after the others. */
  removed?: boolean;
  /** Why somebody cannot be chosen, or "". */
  unfit?: (u: User) => string;
  hint?: ComponentChildren;
  error?: string | undefined;
  placeholder?: string;
  /** Nobody can be chosen now. The field keeps the focus that it has. */
  disabled?: boolean;
}

export function PersonPicker({ label, value, onValue, filter, removed, unfit, hint, error, placeholder, disabled }: Props) {
  const here = useAccount();
  const id = useId();
  // What is being typed; null while the choice shows.
  const [typed, setTyped] = useState<string | null>(null);
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  const open = typed !== null;
  useEffect(() => {
    const wait = setTimeout(() => setAsked(typed ?? ""), 120); // a moment after the last key
    return () => clearTimeout(wait);
  }, [typed]);
  const list = useLatest<Schema<"UserPage">>(open ? query(`${here.api}/users`, { q: asked, limit: offered, ...filter }) : null);
  const gone = useLatest<Schema<"UserPage">>(open && removed ? query(`${here.api}/users`, { q: asked, limit: offered, status: "removed" }) : null);
  const people = open ? [...(list.data?.items ?? []), ...(gone.data?.items ?? [])] : [];
  know(here.api, people);
  // Enter may be quicker than the search: it takes the first fit one of those who match, not of those who matched before.
  const found = open && asked === typed && !!list.data && !list.late && (!removed || (!!gone.data && !gone.late));
  const [taking, setTaking] = useState(false);
  useEffect(() => {
    if (!taking || !found) return;
    setTaking(false);
    choose(people.find((u) => !unfit?.(u)));
  }, [taking, found]);
  const shown = useRef<HTMLUListElement>(null);
  useEffect(() => shown.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
  const close = () => {
    setTaking(false);
    setTyped(null);
    setAt(0);
  };
  const choose = (u: User | undefined) => {
    if (!u || unfit?.(u)) return;
    onValue(u.id, u);
    close();
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => (open ? setAt(Math.min(at + 1, people.length - 1)) : setTyped("")),
    ArrowUp: () => setAt(Math.max(at - 1, 0)),
    Enter: () => (!open ? setTyped("") : found ? choose(people[at]) : setTaking(true)),
    Escape: () => close(),
  };
  return (
    <div class={`field picker${error ? " wrong" : ""}`}>
      <label for={id}>{label}</label>
      <span class="picker-box">
        <input id={id} type="text" role="combobox" autocomplete="off" spellcheck={false} maxLength={100} placeholder={placeholder} readOnly={disabled} aria-disabled={disabled || undefined} value={typed ?? (value ? nameOf(here.api, value) : "")}
          aria-expanded={open} aria-controls={`${id}-list`} aria-autocomplete="list" aria-activedescendant={open && people[at] ? `${id}-${at}` : undefined}
          aria-invalid={!!error || undefined} aria-describedby={error ? `${id}-error` : hint ? `${id}-hint` : undefined}
          onClick={() => open || disabled || setTyped("")}
          onInput={(e) => {
            if (!open) setAsked(e.currentTarget.value); // at once, so that nobody else is offered before
            setTyped(e.currentTarget.value);
            setAt(0);
          }}
          onBlur={close}
          onKeyDown={(e) => {
            const act = keys[e.key];
            if (!act || disabled || (e.key === "Escape" && !open)) return;
            e.preventDefault();
            e.stopPropagation();
            act();
          }} />
        {value && !open && <button type="button" class="picker-clear" aria-label={`Clear ${label.toLowerCase()}`} onClick={() => onValue("")}><Icon name="close" /></button>}
      </span>
      <ul id={`${id}-list`} ref={shown} role="listbox" aria-label={`${label}: who matches`} class="picker-list" hidden={!open || (people.length === 0 && !found)}>
        {people.map((u, i) => {
          const why = unfit?.(u) ?? "";
          return (
            <li key={u.id} id={`${id}-${i}`} role="option" aria-selected={i === at} aria-disabled={!!why || undefined}
              onMouseDown={(e) => e.preventDefault()} onClick={() => choose(u)}>
              <Person name={personName(u)} below={why || (u.status === "removed" ? `Removed · ${visible(u.email)}` : visible(u.email))} />
            </li>
          );
        })}
        {people.length === 0 && found && <li class="soft" role="option" aria-disabled="true" aria-selected="false">Nobody’s name or email begins so.</li>}
      </ul>
      <p class="hidden" role="status">{found && plural(people.length, "person found", "people found")}</p>
      {error && <p class="field-error" id={`${id}-error`}><Icon name="warn" />{error}</p>}
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}
