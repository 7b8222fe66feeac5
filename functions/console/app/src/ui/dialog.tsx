// Dialogs are native: the browser keeps the focus inside and gives it back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { useWrite, type Write } from "../lib/write";
import { Button } from "./button";
import { ProblemNotice, say } from "./notice";

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

interface FormProps {
  title: string;
  children: ComponentChildren;
  /** The verb of the button that sends. */
  submit: string;
  /** The button that leaves all as it is, where "Cancel" could be taken for the deed. */
  dismiss?: string;
  danger?: boolean;
  disabled?: boolean;
  wide?: boolean;
  /** Does the work and returns what is then said; where it returns nothing the dialog stays. */
  send: () => Promise<string | void>;
  /** The write, where what is in the form looks at its problem. */
  write?: Write;
  onClose: () => void;
  /** After the work, where that is not the same as closing. */
  onDone?: () => void;
}

/** A form in a dialog: what it says, its problem, and its two buttons. */
export function FormDialog({ title, children, submit, dismiss = "Cancel", danger, disabled, wide, send, write, onClose, onDone = onClose }: FormProps) {
  const own = useWrite();
  const { busy, problem, run } = write ?? own;
  const work = () => run(async () => {
    const done = await send();
    if (!done) return;
    say(done);
    onDone();
  });
  return (
    <Dialog title={title} onClose={onClose} wide={wide} busy={busy.value}>
      <form onSubmit={(event) => { event.preventDefault(); void work(); }}>
        <div class="dialog-body">
          {children}
          <ProblemNotice problem={problem.value} />
        </div>
        <footer>
          <Button onClick={onClose} disabled={busy.value}>{dismiss}</Button>
          <Button type="submit" kind={danger ? "danger" : "primary"} busy={busy.value} disabled={disabled}>{problem.value?.status === 0 ? "Send again" : submit}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
