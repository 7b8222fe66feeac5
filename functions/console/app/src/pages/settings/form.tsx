// A card of settings: what was changed and not yet saved outlives a reload, and only that is sent.
import type { ComponentChildren } from "preact";

import { useAccount } from "../../lib/account";
import { Problem, type Schema } from "../../lib/api";
import { useDraft } from "../../lib/draft";
import { invalidate, put } from "../../lib/query";
import { useWrite, write, type Write } from "../../lib/write";
import { Card } from "../../ui/bits";
import { Button } from "../../ui/button";
import { ProblemNotice, say } from "../../ui/notice";

export type AccountPatch = Schema<"EditAccountInputBody">;

export interface Form<T extends Record<string, string>> {
  values: T;
  set: <K extends keyof T>(field: K, value: T[K]) => void;
  changed: (keyof T)[];
  discard: () => void;
  write: Write;
  /** What is wrong with what the API calls so, as a sentence that begins with the label. */
  error: (location: string, label: string) => string | undefined;
}

/** Values that are saved, with a draft over them. */
export function useForm<T extends Record<string, string>>(name: string, saved: T): Form<T> {
  const here = useAccount();
  const draft = useDraft<Partial<T>>(`settings.${here.account.id}.${name}`, {});
  const work = useWrite();
  const values = { ...saved, ...draft.value };
  return {
    values, write: work, discard: draft.discard,
    changed: (Object.keys(saved) as (keyof T)[]).filter((k) => values[k] !== saved[k]),
    set: (field, value) => {
      const { [field]: _, ...rest } = draft.value;
      draft.value = (value === saved[field] ? rest : { ...draft.value, [field]: value }) as Partial<T>;
    },
    error: (location, label) => {
      const message = work.problem.value?.fields.find((f) => f.location === location)?.message;
      return message && `${label} ${message}.`;
    },
  };
}

/** The problem without the faults that stand at their fields. */
function elsewhere(problem: Problem | null, places: string[]): Problem | null {
  if (!problem) return null;
  const rest = problem.fields.filter((f) => !places.some((place) => f.location.startsWith(place)));
  const shown = rest.length < problem.fields.length;
  return new Problem(problem.status, problem.code, shown ? "Nothing was saved yet. See what is marked." : problem.message, rest, problem.retryAfterSeconds, problem.requestID);
}

interface Props<T extends Record<string, string>> {
  title: string;
  form: Form<T>;
  /** What is sent: the changed fields alone. */
  patch: () => AccountPatch;
  /** Locations whose faults are shown at their fields. */
  places: string[];
  saved: string;
  children: ComponentChildren;
}

export function FormCard<T extends Record<string, string>>({ title, form, patch, places, saved, children }: Props<T>) {
  const here = useAccount();
  const dirty = form.changed.length > 0;
  const problem = form.write.problem.value;
  const submit = () => form.write.run(async () => {
    const account = await write<Schema<"Account">>("PATCH", here.api, patch());
    put(here.api, account);
    form.discard();
    say(saved);
    await invalidate("/v1/me", `${here.api}/events`);
  });
  const discard = () => {
    form.discard();
    form.write.problem.value = null;
  };
  return (
    <Card title={title}>
      <form class="stack" noValidate onSubmit={(e) => { e.preventDefault(); if (dirty) void submit(); }}>
        {children}
        <ProblemNotice problem={elsewhere(problem, places)} />
        <p class="actions">
          <Button type="submit" kind={dirty ? "primary" : "plain"} disabled={!dirty} busy={form.write.busy.value}>{problem?.status === 0 ? "Send again" : "Save"}</Button>
          {dirty && <Button kind="quiet" disabled={form.write.busy.value} onClick={discard}>Discard changes</Button>}
          {dirty && <span class="soft small-text">Not saved yet; it is kept in this tab.</span>}
        </p>
      </form>
    </Card>
  );
}
