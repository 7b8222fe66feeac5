// Addresses of the console. Each page has one, so that it can be bookmarked, mailed and
// gone back to; filters stand in the query.
import { signal } from "./signal";
import type { ComponentChildren } from "preact";

export const here = signal({ path: location.pathname, query: location.search });

const look = () => (here.value = { path: location.pathname, query: location.search });
addEventListener("popstate", look);

/** Goes to a path of the console. `replace` leaves no step to go back to. */
export function go(to: string, options: { replace?: boolean; keepScroll?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  look();
  if (!options.keepScroll) scrollTo(0, 0);
}

/** Values of the query, which is where filters live. */
export const queryValue = (name: string) => new URLSearchParams(here.value.query).get(name) ?? "";

/** Changes values of the query in place; an empty one goes away. */
export function setQuery(values: Record<string, string>): void {
  const query = new URLSearchParams(here.peek().query);
  for (const [name, value] of Object.entries(values)) value ? query.set(name, value) : query.delete(name);
  const text = query.toString();
  go(here.peek().path + (text ? `?${text}` : ""), { replace: true, keepScroll: true });
}

/** The values of a pattern such as /accounts/:account/users, or null where the path is another. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split("/"), have = path.replace(/\/$/, "").split("/");
  if (want.length !== have.length) return null;
  const values: Record<string, string> = {};
  for (const [i, part] of want.entries()) {
    const got = have[i] ?? "";
    if (part.startsWith(":")) {
      try {
        values[part.slice(1)] = decodeURIComponent(got);
      } catch {
        return null;
      }
    } else if (part !== got) return null;
  }
  return values;
}

export interface LinkProps {
  href: string;
  children: ComponentChildren;
  class?: string;
  id?: string;
  "aria-current"?: "page" | undefined;
  "aria-label"?: string;
}

/** A link within the console; a modified click opens it as any link. */
export function Link({ href, children, ...rest }: LinkProps) {
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(href);
      }}
    >
      {children}
    </a>
  );
}
