import type { ComponentChildren, JSX } from "preact";

import { Link, type LinkProps } from "../lib/router";
import { Icon, type IconName } from "./icon";

export type Kind = "primary" | "plain" | "quiet" | "danger";

interface Common {
  kind?: Kind;
  icon?: IconName;
  /** Smaller, for rows of tables. */
  small?: boolean;
  children?: ComponentChildren;
}

type ButtonProps = Common & { busy?: boolean } & Omit<JSX.IntrinsicElements["button"], "icon" | "size">;

/** A button. While busy it stays focusable and does nothing more. */
export function Button({ kind = "plain", icon, small, busy, children, type = "button", onClick, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      class={`button ${kind}${small ? " small" : ""}${busy ? " busy" : ""}${children ? "" : " bare"}`}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else if (onClick) return (onClick as (e: typeof event) => unknown)(event);
        return undefined;
      }}
    >
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

/** A link that looks like a button. */
export function ButtonLink({ kind = "plain", icon, small, children, href, ...rest }: Common & Omit<LinkProps, "class">) {
  return (
    <Link {...rest} href={href} class={`button ${kind}${small ? " small" : ""}`}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </Link>
  );
}
