// The link of an invitation, from the mail to its answer. It stands behind the # of the
// address, which no server sees, and is taken out of there at once, so that it is neither
// kept in the history nor copied along.
import { call, type Schema } from "./api";
import { idToken, identity } from "./session";
import { store, stored } from "./stored";

export type Offer = Schema<"Offer">;
export type Accepted = Schema<"Accepted">;

interface Kept {
  token: string;
  /** Begins the Idempotency-Key of accepting, so that a reload after a lost answer has one effect. */
  key: string;
  offer?: Offer;
  /** Set on the way to the sign-in: who comes back from there accepts without being asked again. */
  accepting?: boolean;
}

const place = "usher.invitation";

const read = () => stored<Kept>(place);
const keep = (kept: Kept) => store(place, kept);

/** The invitation of the address or, after a reload or a sign-in, of this tab. */
export function invitation(): Kept | null {
  const token = location.hash.slice(1);
  if (token) {
    keep({ token, key: crypto.randomUUID() });
    history.replaceState(null, "", location.pathname + location.search);
  }
  return read();
}

export const forgetInvitation = () => sessionStorage.removeItem(place);

/** Notes what is known of the invitation at hand. */
export function note(more: Partial<Kept>): void {
  const kept = read();
  if (kept) keep({ ...kept, ...more });
}

/** What the link offers. */
export async function lookUp(kept: Kept): Promise<Offer> {
  const offer = await call<Offer>("/v1/invitations/lookup", { method: "POST", body: { token: kept.token }, anonymous: true });
  note({ offer });
  return offer;
}

/** Accepts as whoever is signed in. */
export const accept = (kept: Kept) => call<Accepted>("/v1/invitations/accept", {
  method: "POST", key: `${kept.key}-${identity.peek()?.sub ?? ""}`, body: { token: kept.token, id_token: idToken() },
});

/** What the new user may do with the product that they were invited to, or null where that cannot be said. */
export async function allowed(done: Accepted): Promise<Schema<"EntitlementCheck"> | null> {
  // The subscription's id ends with the product's.
  const product = done.user.invitation?.subscription_id?.split("_").slice(2).join("_");
  if (!product) return null;
  return call<Schema<"EntitlementCheck">>(`/v1/entitlements/${encodeURIComponent(product)}?account=${encodeURIComponent(done.account_id)}`).catch(() => null);
}
