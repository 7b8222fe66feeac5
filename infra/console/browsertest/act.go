package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// place brings an element, or the label of an input that is hidden behind it, on screen and says where its middle is, or why
// nobody could click it.
const place = `async function() {
	let on = this;
	const shows = (e) => { const r = e.getBoundingClientRect(); return r.width > 1 && r.height > 1 };
	if (this.disabled || this.getAttribute("aria-disabled") === "true") return {why: "it is disabled"};
	if (!shows(on) && this.labels?.length) on = this.labels[0];
	on.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
	const before = on.getBoundingClientRect();
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	const after = on.getBoundingClientRect();
	if (before.x !== after.x || before.y !== after.y) return {why: "it moves"};
	if (!shows(on)) return {why: "it has no size"};
	const r = on.getClientRects()[0];
	const x = r.x + r.width / 2, y = r.y + r.height / 2;
	const top = document.elementFromPoint(x, y);
	const same = (e) => e && (this.contains(e) || on.contains(e) || e.contains(on) && e.tagName === "LABEL" || [...this.labels ?? []].some((l) => l.contains(e)));
	if (!same(top)) return {why: "it is covered by " + (top ? top.outerHTML.slice(0, 120) : "nothing: it is off the screen")};
	// What is drawn between this look and the click must not get it in the element's place.
	const guard = window.aimed = {missed: false, kinds: ["mousedown", "mouseup", "click"], see: (e) => {
		if (same(e.target)) return;
		guard.missed = true;
		e.preventDefault();
		e.stopImmediatePropagation();
	}};
	guard.kinds.forEach((kind) => addEventListener(kind, guard.see, true));
	return {x, y};
}`

// missed ends what place began and tells whether the click went elsewhere. A page that the click has left knows nothing of it.
const missed = `(() => {
	const guard = window.aimed;
	delete window.aimed;
	guard?.kinds.forEach((kind) => removeEventListener(kind, guard.see, true));
	return !!guard?.missed;
})()`

// Click clicks the one element with a role and a name: "button", "link", "checkbox", "tab", "menuitem", …
func (p *Page) Click(role, name string) {
	p.t.Helper()
	p.await(fmt.Sprintf("click the %s %q", role, name), func(ctx context.Context, s cdp.Session) (string, error) {
		e, amiss, err := p.one(ctx, s, role, name)
		if amiss != "" || err != nil {
			return amiss, err
		}
		var at struct {
			X, Y float64
			Why  string
		}
		if err := e.call(ctx, s, place, &at); err != nil || at.Why != "" {
			return at.Why, err
		}
		for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMouseMoved, input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
			event := input.DispatchMouseEventParams{Type: kind, X: at.X, Y: at.Y}
			if kind != input.DispatchMouseEventTypeMouseMoved {
				event.Button, event.ClickCount = input.MouseButtonLeft, 1
			}
			if _, err := cdp.Call(ctx, s, input.DispatchMouseEvent, event); err != nil {
				return "", err
			}
		}
		var elsewhere bool
		if err := evaluate(ctx, s, missed, &elsewhere); err == nil && elsewhere {
			return "it moved before it was clicked", nil
		}
		return "", nil
	})
}

// ready puts the focus into a field and selects what is in it.
const ready = `function() {
	if (this.disabled || this.readOnly) return "it cannot be changed";
	this.scrollIntoView({block: "center", behavior: "instant"});
	this.focus();
	if (document.activeElement !== this) return "it does not take the focus";
	this.select?.();
	return "";
}`

// isPicker tells whether a field's value is chosen, not typed, and sets it.
const setPicker = `function(value) {
	if (!["date", "month", "time", "datetime-local", "range", "color"].includes(this.type)) return false;
	Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(this, value);
	this.dispatchEvent(new Event("input", {bubbles: true}));
	this.dispatchEvent(new Event("change", {bubbles: true}));
	return true;
}`

// Fill types a text into the one field with a label, in the place of what is there. A date is 2026-12-31.
func (p *Page) Fill(label, text string) {
	p.t.Helper()
	p.await(fmt.Sprintf("fill the field %q", label), func(ctx context.Context, s cdp.Session) (string, error) {
		e, amiss, err := p.one(ctx, s, "", label)
		if amiss != "" || err != nil {
			return amiss, err
		}
		var why string
		if err := e.call(ctx, s, ready, &why); err != nil || why != "" {
			return why, err
		}
		var picked bool
		if err := e.call(ctx, s, setPicker, &picked, text); err != nil || picked {
			return "", err
		}
		if text == "" {
			return "", press(ctx, s, "Delete")
		}
		_, err = cdp.Call(ctx, s, input.InsertText, input.InsertTextParams{Text: text})
		return "", err
	})
}

// paste hands a text to a field as the clipboard does, and types it where the page leaves that to the browser.
const paste = `function(text) {
	const data = new DataTransfer();
	data.setData("text/plain", text);
	const e = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
	return this.dispatchEvent(e);
}`

// Paste pastes a text into the one field with a label.
func (p *Page) Paste(label, text string) {
	p.t.Helper()
	p.await(fmt.Sprintf("paste into the field %q", label), func(ctx context.Context, s cdp.Session) (string, error) {
		e, amiss, err := p.one(ctx, s, "", label)
		if amiss != "" || err != nil {
			return amiss, err
		}
		var why string
		if err := e.call(ctx, s, ready, &why); err != nil || why != "" {
			return why, err
		}
		var left bool
		if err := e.call(ctx, s, paste, &left, text); err != nil || !left {
			return "", err
		}
		_, err = cdp.Call(ctx, s, input.InsertText, input.InsertTextParams{Text: text})
		return "", err
	})
}

const choose = `function(words) {
	if (this.tagName !== "SELECT") return "it is no list to choose from; use Fill or Click";
	if (this.disabled) return "it is disabled";
	const option = [...this.options].find((o) => o.label.replace(/\s+/g, " ").trim() === words && !o.disabled);
	if (!option) return "it offers " + [...this.options].map((o) => JSON.stringify(o.label)).join(", ");
	this.focus();
	this.value = option.value;
	this.dispatchEvent(new Event("input", {bubbles: true}));
	this.dispatchEvent(new Event("change", {bubbles: true}));
	return "";
}`

// Choose takes an option, by its words, of the one list (select) with a label.
func (p *Page) Choose(label, option string) {
	p.t.Helper()
	p.await(fmt.Sprintf("choose %q of %q", option, label), func(ctx context.Context, s cdp.Session) (string, error) {
		e, amiss, err := p.one(ctx, s, "", label)
		if amiss != "" || err != nil {
			return amiss, err
		}
		var why string
		err = e.call(ctx, s, choose, &why, option)
		return why, err
	})
}

// Value waits for the one field with a label and returns what is in it.
func (p *Page) Value(label string) string {
	p.t.Helper()
	value := ""
	p.await(fmt.Sprintf("read the field %q", label), func(ctx context.Context, s cdp.Session) (string, error) {
		e, amiss, err := p.one(ctx, s, "", label)
		if amiss != "" || err != nil {
			return amiss, err
		}
		return "", e.call(ctx, s, `function() { return String(this.value ?? this.innerText) }`, &value)
	})
	return value
}

// Upload gives files, by their paths, to the one file input with a label.
func (p *Page) Upload(label string, files ...string) {
	p.t.Helper()
	p.await(fmt.Sprintf("upload to %q", label), func(ctx context.Context, s cdp.Session) (string, error) {
		var result runtime.RemoteObject
		found, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{ObjectGroup: group, Expression: fmt.Sprintf(
			`[...document.querySelectorAll("input[type=file]")].find((e) => [e.ariaLabel, ...[...e.labels].map((l) => l.innerText.trim())].includes(%q)) ?? null`, label)})
		if err != nil {
			return "", err
		}
		if result = *found.Result; result.ObjectID == "" {
			return "there is no such file input", nil
		}
		_, err = cdp.Call(ctx, s, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: files, ObjectID: result.ObjectID})
		return "", err
	})
}

// keyOf are the keys with a name.
func keyOf(name string) string {
	switch name {
	case "Tab":
		return kb.Tab
	case "Enter":
		return kb.Enter
	case "Escape":
		return kb.Escape
	case "Space":
		return " "
	case "Backspace":
		return kb.Backspace
	case "Delete":
		return kb.Delete
	case "Home":
		return kb.Home
	case "End":
		return kb.End
	case "PageUp":
		return kb.PageUp
	case "PageDown":
		return kb.PageDown
	case "ArrowUp":
		return kb.ArrowUp
	case "ArrowDown":
		return kb.ArrowDown
	case "ArrowLeft":
		return kb.ArrowLeft
	case "ArrowRight":
		return kb.ArrowRight
	}
	return name
}

// press presses one key, such as Enter, Shift+Tab or a.
func press(ctx context.Context, s cdp.Session, key string) error {
	var modifiers []chromedp.Modifier
	for {
		name, rest, found := strings.Cut(key, "+")
		if !found || rest == "" {
			break
		}
		switch name {
		case "Shift":
			modifiers = append(modifiers, chromedp.ModifierShift)
		case "Control":
			modifiers = append(modifiers, chromedp.ModifierCtrl)
		case "Alt":
			modifiers = append(modifiers, chromedp.ModifierAlt)
		default:
			return fmt.Errorf("there is no modifier %s; use Shift, Control or Alt", name)
		}
		key = rest
	}
	text := keyOf(key)
	if text == key && len([]rune(key)) != 1 {
		return fmt.Errorf("there is no key %s", key)
	}
	for _, r := range text {
		for _, event := range kb.Encode(r) {
			for _, m := range modifiers {
				event.Modifiers |= int64(m)
			}
			if event.Type == kb.KeyChar && event.Modifiers&^int64(chromedp.ModifierShift) != 0 {
				continue
			}
			if _, err := cdp.Call(ctx, s, input.DispatchKeyEvent, *event); err != nil {
				return err
			}
		}
	}
	return nil
}

// Press presses keys one after the other where the focus is: Enter, Tab, Shift+Tab, Escape, Space, ArrowDown, Control+a, x, …
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.command("press "+key, func(ctx context.Context, s cdp.Session) error { return press(ctx, s, key) })
	}
}

// Type types a text where the focus is, key by key.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.command("type", func(ctx context.Context, s cdp.Session) error {
		for _, r := range text {
			if err := press(ctx, s, string(r)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Focused is role and name of what has the focus; both are "" where nothing has it.
func (p *Page) Focused() (role, name string) {
	p.t.Helper()
	p.command("find the focus", func(ctx context.Context, s cdp.Session) error {
		at, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{ObjectGroup: group, Expression: `document.activeElement === document.body ? null : document.activeElement`})
		if err != nil || at.Result.ObjectID == "" {
			return err
		}
		tree, err := cdp.Call(ctx, s, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: at.Result.ObjectID, FetchRelatives: new(false)})
		if err == nil && len(tree.Nodes) > 0 {
			role, name = textOf(tree.Nodes[0].Role), textOf(tree.Nodes[0].Name)
		}
		return err
	})
	return role, name
}

// maxTabs is more than any page has places for the focus.
const maxTabs = 200

// TabTo presses Tab until the element with a role and a name has the focus, as somebody does who uses the keyboard alone.
func (p *Page) TabTo(role, name string) {
	p.t.Helper()
	p.tabTo("Tab", role, name)
}

// TabBackTo is TabTo with Shift+Tab.
func (p *Page) TabBackTo(role, name string) {
	p.t.Helper()
	p.tabTo("Shift+Tab", role, name)
}

func (p *Page) tabTo(key, role, name string) {
	p.t.Helper()
	p.Has(role, name)
	var way []string
	for range maxTabs {
		p.Press(key)
		r, n := p.Focused()
		if r == role && n == name {
			return
		}
		way = append(way, r+" "+n)
	}
	p.fail(fmt.Sprintf("%s does not reach the %s %q; it goes by %q", key, role, name, way[:min(len(way), 40)]))
}

func marshal(v any) ([]byte, error) { return json.Marshal(v) }
