// What this tab keeps over a reload.

/** What is kept under a key, or null where nothing is or what is there cannot be read. */
export function stored<T>(key: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}

export const store = (key: string, value: unknown) => sessionStorage.setItem(key, JSON.stringify(value));
