// Dialogs are native: the browser keeps the focus inside and gives it back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import type { Write } from "../lib/write";
import { Button } from "./button";
import { ProblemNotice } from "./notice";

/** A dialog that is open while it is rendered. Escape closes it, unless a write is under way. */
export function Dialog({ title, onClose, children, wide, busy }: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean; busy?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return undefined;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    (dialog.querySelector<HTMLElement>("[autofocus], input, select, textarea") ?? dialog.querySelector<HTMLElement>("h2"))?.focus();
    return () => {
      dialog.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={ref} class={wide ? "wide" : ""} aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        if (!busy) onClose();
      }}>
      <header>
        <h2 id={heading} tabIndex={-1}>{title}</h2>
        <Button kind="quiet" icon="close" aria-label="Close" disabled={busy} onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

/** A form in a dialog: what it says, its problem, and its two buttons. */
export function FormDialog({ title, onClose, children, submit, danger, write, onSubmit, disabled, wide, dismiss = "Cancel" }: {
  /** The button that leaves all as it is, where "Cancel" could be taken for the deed. */
  dismiss?: string;
  title: string; onClose: () => void; children: ComponentChildren; submit: string; danger?: boolean; write: Write; onSubmit: () => void; disabled?: boolean; wide?: boolean;
}) {
  return (
    <Dialog title={title} onClose={onClose} wide={wide} busy={write.busy.value}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!write.busy.value) onSubmit();
        }}
      >
        <div class="dialog-body">
          {children}
          <ProblemNotice problem={write.problem.value} />
        </div>
        <footer>
          <Button onClick={onClose} disabled={write.busy.value}>{dismiss}</Button>
          <Button type="submit" kind={danger ? "danger" : "primary"} busy={write.busy.value} disabled={disabled}>
            {write.problem.value?.status === 0 ? "Send again" : submit}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
