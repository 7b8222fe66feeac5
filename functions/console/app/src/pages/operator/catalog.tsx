// The catalog: a text that is checked with every mistake at its line, compared with what is
// published, and then published as new versions.
import { useRef } from "preact/hooks";
import { useSignal } from "../../lib/signal";

import type { Problem, Schema } from "../../lib/api";
import { plural, visible } from "../../lib/format";
import { useDraft } from "../../lib/draft";
import { useWrite, write } from "../../lib/write";
import { Card, Chip, PageHead, Typed } from "../../ui/bits";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { Notice, ProblemNotice, say } from "../../ui/notice";
import { Table } from "../../ui/table";

type Checked = Schema<"CatalogChecked">;

/** The API's bound of a catalog, in bytes. */
const maxBytes = 200_000;

interface Mistake {
  line: number;
  column: number;
  message: string;
}

/** Mistakes stand at "line 12, column 5: plans[0].price" of the text. */
function mistakes(problem: Problem | null): Mistake[] {
  return (problem?.fields ?? []).flatMap((f) => {
    const at = /^line (\d+), column (\d+)(?:: (.*))?$/.exec(f.location);
    return at ? [{ line: Number(at[1]), column: Number(at[2]), message: `${at[3] ?? ""} ${f.message}`.trim() }] : [];
  });
}

export function CatalogPage() {
  const text = useDraft("catalog", "");
  const checked = useSignal<{ of: string; result: Checked } | null>(null);
  const publishing = useSignal(false);
  const check = useWrite();
  const area = useRef<HTMLTextAreaElement>(null);
  const found = mistakes(check.problem.value);
  const current = checked.value?.of === text.value ? checked.value.result : null;

  const set = (value: string) => {
    text.value = value;
    check.problem.value = null;
  };
  const open = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > maxBytes) return say(`${visible(file.name)} is larger than a catalog may be (200 kB)`);
    set(await file.text());
  };
  const look = () => check.run(async () => {
    checked.value = null;
    const of = text.value;
    checked.value = { of, result: await write<Checked>("POST", "/v1/operator/catalog/validate", { catalog: of }) };
  });
  const send = async () => {
    const done = await write<Checked>("POST", "/v1/operator/catalog/publish", { catalog: text.value });
    text.discard();
    checked.value = null;
    return `Published ${plural(done.changes.length, "difference")}`;
  };
  const goTo = (m: Mistake) => {
    const lines = text.value.split("\n");
    const start = lines.slice(0, m.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + m.column - 1;
    area.current?.focus();
    area.current?.setSelectionRange(start, start + Math.max(1, (lines[m.line - 1]?.length ?? 1) - m.column + 1));
  };

  return (
    <>
      <PageHead title="Catalog" lead={<p>Products, plans, prices and policies in one text. Customers keep their version of a plan until they change it.</p>} />
      <Card title="The text" actions={
        <>
          <label class="button file"><input type="file" class="hidden" accept=".yaml,.yml,text/yaml" onChange={(e) => void open(e.currentTarget.files?.[0])} /><span>Choose a file</span></label>
          <Button kind="primary" busy={check.busy.value} disabled={!text.value.trim()} onClick={look}>Check</Button>
        </>
      }>
        <div class="field">
          <label for="catalog" class="hidden">Catalog in YAML</label>
          <Editor area={area} value={text.value} onValue={set} onFile={(file) => void open(file)} bad={found} />
          <p class="field-hint">Type, paste or drop a file. The draft stays in this tab until it is published.</p>
        </div>
        {found.length > 0
          ? (
            <Notice tone="bad" title={`${plural(found.length, "mistake")} to mend`}>
              <ol class="mistakes">{found.map((m) => <li key={`${m.line}:${m.column}:${m.message}`}><button type="button" class="link" onClick={() => goTo(m)}>Line {m.line}, column {m.column}</button>: {visible(m.message)}</li>)}</ol>
            </Notice>
          )
          : <ProblemNotice problem={check.problem.value} retry={look} />}
      </Card>
      {current && <Result checked={current} onPublish={() => (publishing.value = true)} />}
      {publishing.value && current && (
        <FormDialog title="Publish this catalog?" submit={`Publish ${plural(current.changes.length, "difference")}`} send={send} onClose={() => (publishing.value = false)}>
          <p>Each plan that differs gets a new version, for good. New customers and plan changes take it; today’s subscriptions stay as they are.</p>
        </FormDialog>
      )}
    </>
  );
}

/** The text with its lines' numbers beside it, those with mistakes marked. */
function Editor({ area, value, onValue, onFile, bad }: { area: { current: HTMLTextAreaElement | null }; value: string; onValue: (value: string) => void; onFile: (file: File | undefined) => void; bad: Mistake[] }) {
  const gutter = useRef<HTMLDivElement>(null);
  const wrong = new Set(bad.map((m) => m.line));
  return (
    <div class="editor"
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        e.preventDefault();
        onFile(e.dataTransfer?.files[0]);
      }}>
      <div class="gutter" ref={gutter} aria-hidden="true">{value.split("\n").map((_, i) => <span key={i} class={wrong.has(i + 1) ? "wrong" : ""}>{i + 1}</span>)}</div>
      <textarea id="catalog" ref={area} value={value} rows={18} spellcheck={false} wrap="off" autocomplete="off" aria-invalid={bad.length > 0 || undefined}
        placeholder={"vendor:\n  name: …\nproducts:\n  - id: …\nplans:\n  - id: …"}
        onInput={(e) => onValue(e.currentTarget.value)}
        onScroll={(e) => { if (gutter.current) gutter.current.scrollTop = e.currentTarget.scrollTop; }} />
    </div>
  );
}

function Result({ checked, onPublish }: { checked: Checked; onPublish: () => void }) {
  const changed = new Set(checked.changes.map((c) => c.plan_id));
  return (
    <>
      <Card title="What publishing changes" actions={<Button kind="primary" disabled={checked.changes.length === 0} onClick={onPublish}>Publish…</Button>}>
        {checked.changes.length === 0
          ? <Notice tone="good" title="No difference">Every plan in the text is published already, word for word.</Notice>
          : (
            <Table caption="Differences from the published catalog" rows={checked.changes} keyOf={(c) => c.plan_id + c.field} columns={[
              { name: "Plan", cell: (c) => <Typed>{c.plan_id}</Typed> },
              { name: "Where", cell: (c) => <code>{visible(c.field)}</code> },
              { name: "Today", cell: (c) => (c.from ? <Typed>{c.from}</Typed> : <span class="soft">nothing</span>) },
              { name: "Then", cell: (c) => (c.to ? <Typed>{c.to}</Typed> : <span class="soft">nothing</span>) },
            ]} />
          )}
      </Card>
      <Card title={`${plural(checked.plans.length, "plan")} in words`}>
        {checked.plans.map((p) => (
          <details key={p.plan_id}>
            <summary><Typed>{p.name}</Typed> <span class="soft">{visible(p.plan_id)}</span> {changed.has(p.plan_id) ? <Chip tone="info">Changes</Chip> : <Chip>As published</Chip>}</summary>
            <ul class="points">{p.policies.map((sentence) => <li key={sentence}>{visible(sentence)}</li>)}</ul>
          </details>
        ))}
      </Card>
    </>
  );
}
