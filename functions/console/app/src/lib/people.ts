// Names of users by their ids, which is all that licenses, events and requests hold.
import { signal, type Signal } from "./signal";

import { call, type Schema } from "./api";
import { personName } from "./format";

const names = new Map<string, Signal<string>>();
const waiting = new Set<string>();

/** What a user of an account is called: the id until the name is known, for good where the user is gone. */
export function nameOf(api: string, id: string): string {
  let name = names.get(`${api} ${id}`);
  if (!name) {
    name = signal("…");
    names.set(`${api} ${id}`, name);
    waiting.add(id);
    const found = name;
    call<Schema<"User">>(`${api}/users/${encodeURIComponent(id)}`)
      .then((u) => (found.value = personName(u)), () => (found.value = id))
      .finally(() => waiting.delete(id));
  }
  return name.value;
}

/** Takes over what is known of users anyway, so that they are not asked for again. */
export function know(api: string, users: Schema<"User">[]): void {
  for (const u of users) {
    const key = `${api} ${u.id}`;
    const name = names.get(key);
    if (name) name.value = personName(u);
    else names.set(key, signal(personName(u)));
  }
}
