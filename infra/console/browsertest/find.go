package browsertest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
)

// part is a part of a page: the one with the role whose name or text contains the words.
type part struct{ role, words string }

// group holds the browser's references to elements, so that they can be let go together.
const group = "browsertest"

// element is something on the page, as the accessibility tree tells of it.
type element struct {
	role, name string
	object     runtime.RemoteObjectID
}

// In returns the page as far as it is in the one element with the role whose name or text contains the words, such as the row
// of a person or a dialog. It is looked for anew at every use.
func (p *Page) In(role, words string) *Page {
	inner := *p
	inner.within = append(slices.Clone(p.within), part{role, words})
	return &inner
}

// root is the element that the page is about.
func (p *Page) root(ctx context.Context, s cdp.Session) (runtime.RemoteObjectID, string, error) {
	document, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: `document`, ObjectGroup: group})
	if err != nil {
		return "", "", err
	}
	at := document.Result.ObjectID
	for _, step := range p.within {
		found, err := query(ctx, s, at, step.role, "")
		if err != nil {
			return "", "", err
		}
		var with []element
		for _, e := range found {
			text := e.name
			if !strings.Contains(text, step.words) {
				if err := e.call(ctx, s, `function() { return this.innerText ?? "" }`, &text); err != nil {
					return "", "", err
				}
			}
			if strings.Contains(squeezed(text), step.words) {
				with = append(with, e)
			}
		}
		if len(with) != 1 {
			return "", fmt.Sprintf("there are %d of the role %s with %q", len(with), step.role, step.words), nil
		}
		at = with[0].object
	}
	return at, "", nil
}

// query finds what is in the accessibility tree below an element, by role and name where they are given.
func query(ctx context.Context, s cdp.Session, root runtime.RemoteObjectID, role, name string) ([]element, error) {
	tree, err := cdp.Call(ctx, s, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: root, Role: role, AccessibleName: name})
	if err != nil {
		return nil, err
	}
	var out []element
	for _, n := range tree.Nodes {
		if n.Ignored || n.BackendDOMNodeID == 0 {
			continue // hidden, or behind a dialog
		}
		resolved, err := cdp.Call(ctx, s, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: n.BackendDOMNodeID, ObjectGroup: group})
		if err != nil {
			return nil, err
		}
		out = append(out, element{role: textOf(n.Role), name: textOf(n.Name), object: resolved.Object.ObjectID})
	}
	return out, nil
}

func textOf(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var text string
	if err := valueOf(&runtime.RemoteObject{Value: v.Value}, nil, &text); err != nil {
		return ""
	}
	return text
}

// call runs a function of JavaScript on an element.
func (e element) call(ctx context.Context, s cdp.Session, function string, out any, args ...string) error {
	var arguments []*runtime.CallArgument
	for _, a := range args {
		value, err := marshal(a)
		if err != nil {
			return err
		}
		arguments = append(arguments, &runtime.CallArgument{Value: value})
	}
	result, err := cdp.Call(ctx, s, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		ObjectID: e.object, FunctionDeclaration: function, Arguments: arguments, ReturnByValue: new(true), AwaitPromise: new(true), UserGesture: new(true),
	})
	if err != nil {
		return err
	}
	return valueOf(result.Result, result.ExceptionDetails, out)
}

// one finds the one element with a role and a name; no role is any that takes input.
func (p *Page) one(ctx context.Context, s cdp.Session, role, name string) (element, string, error) {
	_, _ = cdp.Call(ctx, s, runtime.ReleaseObjectGroup, runtime.ReleaseObjectGroupParams{ObjectGroup: group}) // those of the last look
	root, amiss, err := p.root(ctx, s)
	if amiss != "" || err != nil {
		return element{}, amiss, err
	}
	found, err := query(ctx, s, root, role, name)
	if err != nil {
		return element{}, "", err
	}
	if role == "" {
		found = slices.DeleteFunc(found, func(e element) bool { return !slices.Contains(inputs(), e.role) })
	}
	if len(found) == 1 {
		return found[0], "", nil
	}
	what := fmt.Sprintf("there are %d of the role %s named %q", len(found), role, name)
	if role == "" {
		what = fmt.Sprintf("there are %d fields named %q", len(found), name)
	}
	if len(found) > 1 {
		return element{}, what + "; say which with In", nil
	}
	return element{}, what + p.named(ctx, s, root, role), nil
}

// named lists the names that there are of a role, for whoever reads the failure.
func (p *Page) named(ctx context.Context, s cdp.Session, root runtime.RemoteObjectID, role string) string {
	all, err := query(ctx, s, root, role, "")
	if err != nil || role == "" {
		return ""
	}
	const shown = 30
	var names []string
	for _, e := range all[:min(len(all), shown)] {
		names = append(names, fmt.Sprintf("%q", e.name))
	}
	return "; there are " + strings.Join(names, ", ")
}

// inputs are the roles of what takes input.
func inputs() []string {
	return []string{"textbox", "searchbox", "combobox", "spinbutton", "slider", "listbox", "Date", "DateTime", "InputTime", "checkbox", "radio", "switch"}
}

// squeezed makes all white space one blank, as it shows.
func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

// text is what shows of the page, and "" with a reason where the part of it is not there.
func (p *Page) text(ctx context.Context, s cdp.Session) (text, amiss string, err error) {
	root, amiss, err := p.root(ctx, s)
	if amiss != "" || err != nil {
		return "", amiss, err
	}
	err = element{object: root}.call(ctx, s, `function() { return (this.body ?? this).innerText ?? "" }`, &text)
	return squeezed(text), "", err
}

// See waits until a text shows. White space counts as one blank.
func (p *Page) See(want string) {
	p.t.Helper()
	p.await(fmt.Sprintf("see %q", want), func(ctx context.Context, s cdp.Session) (string, error) {
		text, amiss, err := p.text(ctx, s)
		if amiss == "" && err == nil && !strings.Contains(text, squeezed(want)) {
			amiss = "it does not show"
		}
		return amiss, err
	})
}

// Gone waits until a text does not show.
func (p *Page) Gone(text string) {
	p.t.Helper()
	p.await(fmt.Sprintf("see %q no more", text), func(ctx context.Context, s cdp.Session) (string, error) {
		shown, amiss, err := p.text(ctx, s)
		if amiss != "" && err == nil {
			return "", nil // with the part that it was in
		}
		if err == nil && strings.Contains(shown, squeezed(text)) {
			amiss = "it shows"
		}
		return amiss, err
	})
}

// Text is what shows now, with white space as one blank.
func (p *Page) Text() string {
	p.t.Helper()
	out := ""
	p.await("read the page", func(ctx context.Context, s cdp.Session) (string, error) {
		text, amiss, err := p.text(ctx, s)
		out = text
		return amiss, err
	})
	return out
}

// Has waits for the one element with a role and a name.
func (p *Page) Has(role, name string) {
	p.t.Helper()
	p.await(fmt.Sprintf("have the %s %q", role, name), func(ctx context.Context, s cdp.Session) (string, error) {
		_, amiss, err := p.one(ctx, s, role, name)
		return amiss, err
	})
}

// Lacks waits until there is no element with a role and a name.
func (p *Page) Lacks(role, name string) {
	p.t.Helper()
	p.await(fmt.Sprintf("lack the %s %q", role, name), func(ctx context.Context, s cdp.Session) (string, error) {
		root, amiss, err := p.root(ctx, s)
		if err != nil || amiss != "" {
			return "", err
		}
		found, err := query(ctx, s, root, role, name)
		if err == nil && len(found) > 0 {
			return fmt.Sprintf("there are %d", len(found)), nil
		}
		return "", err
	})
}

// Count is how many elements of a role there are now.
func (p *Page) Count(role string) int {
	p.t.Helper()
	n := 0
	p.await("count what has the role "+role, func(ctx context.Context, s cdp.Session) (string, error) {
		root, amiss, err := p.root(ctx, s)
		if err != nil || amiss != "" {
			return amiss, err
		}
		found, err := query(ctx, s, root, role, "")
		n = len(found)
		return "", err
	})
	return n
}
